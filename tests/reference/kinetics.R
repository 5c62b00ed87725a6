# Non-compartmental parameters of every subject of R's Theoph and Indometh by base R alone, the
# closed forms of profiles shaped as those of CAR-T cells, and geometric means of left-censored
# values by survival::survreg with limits of the profile likelihood. Writes kinetics.json.
suppressMessages({library(survival); library(jsonlite)})
here <- if (file.exists("tests/reference")) "tests/reference" else "."

piece <- function(t1, t2, a, b) {
  if (b < a && b > 0) (a - b) * (t2 - t1) / log(a / b) else (a + b) / 2 * (t2 - t1)
}
area <- function(t, c, end) {
  total <- 0
  for (i in seq_along(t)[-1]) {
    if (t[i - 1] >= end) break
    t2 <- t[i]; b <- c[i]
    if (t2 > end) {
      share <- (end - t[i - 1]) / (t[i] - t[i - 1])
      b <- if (b < c[i - 1] && b > 0) c[i - 1] * (b / c[i - 1])^share
           else c[i - 1] + (b - c[i - 1]) * share
      t2 <- end
    }
    total <- total + piece(t[i - 1], t2, c[i - 1], b)
  }
  total
}
# The last k >= 3 points whose adjusted r2 is largest; of those within 1e-4 the most points.
decline <- function(t, c) {
  fits <- lapply(seq_len(max(length(t) - 2, 0)), function(i) {
    keep <- i:length(t)
    m <- lm(log(c[keep]) ~ t[keep])
    list(k = length(keep), rate = -unname(coef(m)[2]), intercept = unname(coef(m)[1]),
         r2 = suppressWarnings(summary(m)$adj.r.squared), first = t[i])
  })
  fits <- Filter(function(f) f$rate > 0, fits)
  best <- max(sapply(fits, function(f) f$r2))
  near <- Filter(function(f) f$r2 >= best - 1e-4, fits)
  near[[which.max(sapply(near, function(f) f$k))]]
}
nca <- function(t, c, bolus, ends) {
  top <- which.max(c)
  after <- if (bolus) top:length(t) else seq_along(t)[seq_along(t) > top]
  f <- decline(t[after], c[after])
  x <- t; y <- c
  if (t[1] > 0) {
    start <- if (bolus && c[2] < c[1]) exp(log(c[1]) - diff(log(c[1:2])) / diff(t[1:2]) * t[1])
             else if (bolus) c[1] else 0
    x <- c(0, t); y <- c(start, c)
  }
  last <- tail(t, 1)
  to <- function(end) {
    if (end <= last) return(area(x, y, end))
    area(x, y, last) + tail(c, 1) / f$rate * (1 - exp(-f$rate * (end - last)))
  }
  list(time = t, value = c, peak = c[top], peak_time = t[top], last_time = last,
       area_to_last = area(x, y, last), areas = sapply(ends, to), rate = f$rate,
       intercept = f$intercept, adjusted_r2 = f$r2, n_points = f$k, first = f$first,
       half_life = log(2) / f$rate)
}
sets <- list(
  Theoph = list(bolus = FALSE, ends = c(8, 12, 26), subjects = lapply(
    split(Theoph, as.character(Theoph$Subject)),
    function(d) nca(d$Time, d$conc, FALSE, c(8, 12, 26)))),
  Indometh = list(bolus = TRUE, ends = c(2.5, 4, 8.5), subjects = lapply(
    split(Indometh, as.character(Indometh$Subject)),
    function(d) nca(d$time, d$conc, TRUE, c(2.5, 4, 8.5)))))

ln2 <- log(2)
forms <- list(
  one_28 = 300 + 16400 + 72000 + 80000 / ln2 + 105000 / log(4) + 26250 / log(4),
  one_triangle = 300 + 16400 + 72000 + 80000 / ln2 + 131250 / log(4) + 1250 * 32 / 2,
  one_rate = log(4) / 7,
  two_dropped = 3500 + 7000 / ln2 + 1750 / ln2,
  two_zero = 3500 + 3500 + 1750 + 1750 / ln2,
  two_half = 3500 + 975 * 7 / log(40) + 7 * 262.5 + 1750 / ln2,
  three_last = 3200 * 2^(-7 / 4),
  three_21 = 350 + 9750 + (3200 * 4 + (3200 - 3200 * 2^(-7 / 4)) * 4) / ln2,
  four_10 = 150 + 2000 + 5400,
  five_28 = 1750 + 1500 + (250 * 4 + 125 * 7 + 62.5 * 7) / ln2,
  five_rate = ln2 / 7)

censored <- list(
  hand = list(value = c(40000, 12000, 9000, 2500, NA), limit = 50),
  three = list(value = c(800, 120, NA), limit = 50),
  half = list(value = c(300, 90, 4000, NA, NA, NA), limit = c(50, 50, 50, 50, 25, 100)),
  near = list(value = c(62, 75, 110, 58, NA, NA, NA, NA), limit = 50),
  many = list(value = c(20000, 41000, 5200, 900, 15000, 31000, 88000, 150, 7600, 24000, 12000, NA),
              limit = 50),
  seen = list(value = c(32000, 12000, 8000, 2500), limit = 50))
mean_of <- function(s, level) {
  n <- length(s$value)
  limit <- rep_len(s$limit, n); below <- is.na(s$value)
  d <- data.frame(y = ifelse(below, limit, s$value), seen = !below)
  q <- qt(0.5 + level / 2, n - 1)
  if (!any(below)) {
    m <- mean(log(s$value)); e <- sd(log(s$value)); half <- q * e / sqrt(n)
    return(list(estimate = exp(m), low = exp(m - half), high = exp(m + half), sd_log = e))
  }
  strict <- survreg.control(rel.tolerance = 1e-14, maxiter = 500)
  fit <- survreg(Surv(y, seen, type = "left") ~ 1, d, dist = "lognormal", control = strict)
  at <- function(mu) {
    loglik <- function(ls) sum(ifelse(below, pnorm(log(d$y), mu, exp(ls), log.p = TRUE),
                                      dnorm(log(d$y), mu, exp(ls), log = TRUE)))
    optimize(loglik, log(fit$scale) + c(-3, 6), maximum = TRUE, tol = 1e-11)$objective
  }
  centre <- unname(coef(fit)); best <- at(centre); drop <- n * log(1 + q^2 / (n - 1)) / 2
  beyond <- function(mu) best - at(mu) - drop
  find <- function(sign) {
    far <- 1
    while (beyond(centre + sign * far * fit$scale) < 0) far <- far * 1.5
    uniroot(beyond, sort(centre + sign * c(0, far) * fit$scale), tol = 1e-12)$root
  }
  list(estimate = exp(centre), low = exp(find(-1)), high = exp(find(1)), sd_log = fit$scale)
}
means <- unlist(lapply(names(censored), function(name) lapply(c(0.9, 0.95), function(level) {
  s <- censored[[name]]
  c(list(name = name, value = I(s$value), limit = I(rep_len(s$limit, length(s$value))),
         conf_level = level), mean_of(s, level))
})), recursive = FALSE)
write_json(list(sets = sets, forms = forms, means = means), file.path(here, "kinetics.json"),
           digits = NA, auto_unbox = TRUE, pretty = TRUE, na = "null")
