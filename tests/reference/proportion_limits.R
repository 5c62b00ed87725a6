# Jeffreys, mid-P, Blaker and Agresti-Coull limits for every 0 <= k <= n, 1 <= n <= 40, at two
# levels, from their definitions: mid-P by uniroot on the binomial tails, Blaker by a search of the
# acceptability function (Blaker 2000, appendix) outward in, then halving. Writes
# proportion_limits.json.
suppressMessages(library(jsonlite))
mid_p <- function(k, n, tail) {   # lower limit
  if (k == 0) return(0)
  f <- function(p) pbinom(k, n, p, lower.tail = FALSE) + dbinom(k, n, p) / 2 - tail
  uniroot(f, c(1e-12, 1 - 1e-12), tol = 1e-14)$root
}
acceptability <- function(k, n, p) {
  upper <- pbinom(k - 1, n, p, lower.tail = FALSE)
  lower <- pbinom(k, n, p)
  # The other tail: the largest that is no larger than this one.
  below <- upper + pbinom(qbinom(upper, n, p) - 1, n, p)
  above <- lower + pbinom(qbinom(lower, n, p, lower.tail = FALSE), n, p, lower.tail = FALSE)
  ifelse(upper < lower, below, above)
}
blaker <- function(k, n, alpha) {   # lower limit
  if (k == 0) return(0)
  ends <- qbeta(c(alpha / 2, alpha), k, n - k + 1)
  p <- seq(ends[1], ends[2], length.out = 4001)
  first <- which(acceptability(k, n, p) >= alpha)[1]
  if (is.na(first)) return(ends[2])
  if (first == 1) return(ends[1])
  low <- p[first - 1]; high <- p[first]
  for (i in 1:60) {
    middle <- (low + high) / 2
    if (acceptability(k, n, middle) >= alpha) high <- middle else low <- middle
  }
  high
}
rows <- list()
for (level in c(0.9, 0.95)) for (n in 1:40) for (k in 0:n) {
  alpha <- 1 - level; z <- qnorm(1 - alpha / 2)
  j <- qbeta(c(alpha / 2, 1 - alpha / 2), k + 0.5, n - k + 0.5)
  if (k == 0) j[1] <- 0
  if (k == n) j[2] <- 1
  centre <- (k + z^2 / 2) / (n + z^2); half <- z * sqrt(centre * (1 - centre) / (n + z^2))
  rows[[length(rows) + 1]] <- c(level, n, k, j, mid_p(k, n, alpha / 2), 1 - mid_p(n - k, n, alpha / 2),
    blaker(k, n, alpha), 1 - blaker(n - k, n, alpha), max(0, centre - half), min(1, centre + half))
}
write_json(list(r = R.version.string,
                columns = c("conf_level", "n", "n_event", "Jeffreys_low", "Jeffreys_high", "mid-P_low", "mid-P_high",
                            "Blaker_low", "Blaker_high", "Agresti-Coull_low", "Agresti-Coull_high"),
                rows = do.call(rbind, rows)),
           "proportion_limits.json", digits = I(15))
