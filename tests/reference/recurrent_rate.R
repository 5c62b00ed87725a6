# Effective-count limits of a recurrent rate by qchisq and qt, and the ratio of two of them by
# melding their gamma distributions with integrate() and uniroot(). Writes recurrent_rate.json.
suppressMessages(library(jsonlite))
here <- if (file.exists("tests/reference")) "tests/reference" else "."
effective <- function(y, t, level = 0.95) {
  n <- length(y); rate <- sum(y) / sum(t)
  variance <- n / (n - 1) * sum((y - rate * t)^2) / sum(t)^2
  stretch <- (qt((1 + level) / 2, n - 1) / qnorm((1 + level) / 2))^2
  phi <- if (sum(y) == 0) 1 else max(1, variance / (sum(y) / sum(t)^2) * stretch)
  k <- sum(y) / phi; time <- sum(t) / phi
  list(rate = rate, phi = phi, k = k, time = time,
       low = if (k > 0) qchisq((1 - level) / 2, 2 * k) / 2 / time else 0,
       high = qchisq((1 + level) / 2, 2 * (k + 1)) / 2 / time)
}
sets <- list(
  E2 = list(c(1, 0, 2, 0, 1), rep(1, 5)),
  E3 = list(c(5, 0, 0, 1, 0, 0, 2, 0), c(1, 0.5, 2, 1.5, 1, 0.8, 1.2, 2)),
  E6 = list(c(2, 0, 1, 4, 0, 0, 7, 1, 0, 3, 0, 1),
            c(0.5, 0.4, 1, 1.1, 0.2, 0.9, 1.5, 0.7, 0.3, 1, 0.6, 0.8)),
  none = list(rep(0, 4), c(1, 2, 0.5, 1))
)
rates <- list()
for (name in names(sets)) for (level in c(0.9, 0.95)) {
  found <- effective(sets[[name]][[1]], sets[[name]][[2]], level)
  rates[[paste(name, level)]] <- c(list(counts = sets[[name]][[1]], exposure = sets[[name]][[2]],
                                        conf_level = level), found[c("rate", "phi", "low", "high")])
}
# P(least of the first <= x times most of the second): gamma laws of the limits.
melded <- function(x, one, two) {
  if (one$k == 0) return(1)
  inner <- function(b) pgamma(x * b, one$k, one$time) * dgamma(b, two$k + 1, two$time)
  integrate(inner, 0, Inf, rel.tol = 1e-10, subdivisions = 2000)$value
}
ratio <- function(a, b) {
  one <- effective(a[[1]], a[[2]]); two <- effective(b[[1]], b[[2]])
  root <- function(one, two, p) exp(uniroot(function(u) melded(exp(u), one, two) - p, c(-12, 12),
                                            tol = 1e-12)$root)
  low <- root(one, two, 0.025); high <- 1 / root(two, one, 0.025)
  p <- min(1, 2 * min(melded(1, one, two), melded(1, two, one)))
  list(first = a[[1]], first_time = a[[2]], second = b[[1]], second_time = b[[2]],
       expected = c(low, high, p))
}
pairs <- list("E2 E6" = c("E2", "E6"), "E6 E2" = c("E6", "E2"), "E3 E6" = c("E3", "E6"))
ratios <- lapply(pairs, function(p) ratio(sets[[p[1]]], sets[[p[2]]]))
write_json(list(rates = rates, ratios = ratios), file.path(here, "recurrent_rate.json"),
           digits = NA, auto_unbox = TRUE, pretty = TRUE)
