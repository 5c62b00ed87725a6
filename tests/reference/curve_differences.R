# The difference of two survival curves at a time: Greenwood's limits from survfit, and the melded
# beta product by its definition, integrated by R (bpcp is not in Debian): without censoring that is
# the melded binomial, whose one-sided p-values are those of fisher.test, also written.
# Writes curve_differences.json.
suppressMessages({library(survival); library(jsonlite)})
groups <- list(
  veteran = data.frame(time = veteran$time, status = veteran$status, g = veteran$trt - 1),
  ovarian = data.frame(time = ovarian$futime, status = ovarian$fustat, g = ovarian$rx - 1),
  aml = data.frame(time = aml$time, status = aml$status, g = (aml$x == "Maintained") * 1),
  small = data.frame(time = c(3, 5, 5, 8, 12, 14, 2, 4, 9, 10, 10, 13),
                     status = c(1, 1, 0, 1, 0, 1, 0, 1, 1, 0, 0, 0), g = rep(0:1, each = 6)),
  nobody_in_one = data.frame(time = c(3, 5, 7, 9, 9, 4, 8, 9, 9), status = c(1, 1, 1, 0, 0, 0, 0, 0, 0),
                             g = c(0, 0, 0, 0, 0, 1, 1, 1, 1)),
  one_each = data.frame(time = c(3, 9), status = c(1, 0), g = 0:1),
  no_censoring = data.frame(time = c(1:10, 1:12), status = c(rep(1, 9), 0, rep(1, 11), 0), g = rep(0:1, c(10, 12))),
  nobody = data.frame(time = c(9, 9, 9, 9, 9), status = 0, g = c(0, 0, 1, 1, 1)))
at <- list(veteran = c(30, 100, 300), ovarian = c(200, 400, 600), aml = c(10, 25, 40),
           small = c(1, 4.5, 10, 13), nobody_in_one = c(4, 8), one_each = c(2, 5),
           no_censoring = c(3.5, 8.5), nobody = 5)

# Parameters of the two betas at a time: c(a, b); a = 0 is the constant 0, b = 0 the constant 1.
betas <- function(time, status, t) {
  mean <- square <- 1
  for (s in sort(unique(time[status == 1 & time <= t]))) {
    n <- sum(time >= s); d <- sum(time == s & status == 1)
    a <- n - d + 1; b <- d
    mean <- mean * a / (a + b); square <- square * a * (a + 1) / ((a + b) * (a + b + 1))
  }
  matched <- function(m, s) if (m == 1) c(1, 0) else { k <- (m - s) / (s - m^2); c(m * k, (1 - m) * k) }
  after <- sum(time > t)
  list(most = matched(mean, square),
       least = if (after == 0) c(0, 1) else matched(mean * after / (after + 1), square * after / (after + 2)))
}
cdf <- function(x, p) if (p[1] == 0) (x >= 0) * 1 else if (p[2] == 0) (x >= 1) * 1 else pbeta(x, p[1], p[2])
# P(X - Y <= delta)
less <- function(delta, x, y) {
  if (y[2] == 0) return(cdf(1 + delta, x))
  if (y[1] == 0) return(cdf(delta, x))
  if (x[1] == 0) return(1 - cdf(-delta, y))
  if (x[2] == 0) return(1 - cdf(1 - delta, y))
  f <- function(u) pbeta(u + delta, x[1], x[2]) * dbeta(u, y[1], y[2])
  cuts <- sort(unique(pmin(pmax(c(0, 1, -delta, 1 - delta, qbeta(c(1e-4, 0.01, 0.1, 0.5, 0.9, 0.99, 0.9999), y[1], y[2]),
                                   qbeta(c(0.001, 0.1, 0.5, 0.9, 0.999), x[1], x[2]) - delta), 0), 1)))
  sum(mapply(function(a, b) if (b - a < 1e-14) 0 else
    integrate(f, a, b, rel.tol = 1e-11, abs.tol = 1e-14, subdivisions = 2000, stop.on.error = FALSE)$value,
    head(cuts, -1), tail(cuts, -1)))
}
quantile_of <- function(p, x, y) {
  if (y[2] == 0) return((if (x[1] == 0) 0 else qbeta(p, x[1], x[2])) - 1)
  if (x[1] == 0) return(-qbeta(1 - p, y[1], y[2]))
  uniroot(function(d) less(d, x, y) - p, c(-1, 1), tol = 1e-12)$root
}
greenwood <- function(time, status, t) {
  s <- summary(survfit(Surv(time, status) ~ 1), times = t, extend = TRUE)
  c(s$surv, s$std.err)
}
out <- list()
for (name in names(groups)) for (t in at[[name]]) for (level in c(0.9, 0.95)) {
  d <- groups[[name]]; one <- d[d$g == 0, ]; two <- d[d$g == 1, ]
  a <- betas(one$time, one$status, t); b <- betas(two$time, two$status, t); tail <- (1 - level) / 2
  ga <- greenwood(one$time, one$status, t); gb <- greenwood(two$time, two$status, t)
  se <- sqrt(ga[2]^2 + gb[2]^2); diff <- ga[1] - gb[1]
  uncensored <- !any(d$status == 0 & d$time <= t)
  counts <- rbind(c(sum(one$time > t), sum(one$time <= t)), c(sum(two$time > t), sum(two$time <= t)))
  fisher <- c(fisher.test(counts, alternative = "greater")$p.value, fisher.test(counts, alternative = "less")$p.value)
  out[[paste(name, t, level)]] <- list(
    group = name, at = t, conf_level = level, surv = c(ga[1], gb[1]), std_error = se,
    greenwood = diff + c(-1, 1) * qnorm(1 - tail) * se,
    melded = c(quantile_of(tail, a$least, b$most), -quantile_of(tail, b$least, a$most)),
    p_value = min(1, 2 * min(less(0, a$least, b$most), less(0, b$least, a$most))),
    fisher = if (uncensored) min(1, 2 * min(fisher)) else NA)
}
write_json(list(r = R.version.string, survival = as.character(packageVersion("survival")),
                groups = lapply(groups, as.list), rows = out), "curve_differences.json",
           digits = I(17), na = "null")
