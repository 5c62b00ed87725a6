# Mixture cure model (a part c never has the event, the others' times are Weibull) and Maller-Zhou's
# test, from their definitions: Debian has no package for either. The likelihood is maximised by
# nlm on (log-odds, location, log scale); limits are where its profile has dropped by qchisq(0.95, 1)/2.
# Writes cure.json.
suppressMessages({library(survival); library(jsonlite)})

set.seed(20240606)
made <- function(n, c, follow, shape = 1.4, mean = 60) {
  t <- ifelse(runif(n) < c, Inf, rweibull(n, shape, mean)); f <- runif(n, follow[1], follow[2])
  data.frame(time = pmin(t, f), status = as.integer(t <= f))
}
inspected <- made(90, 0.5, c(200, 500))
inspected$high <- ifelse(inspected$status == 1, ceiling(inspected$time / 28) * 28, Inf)
inspected$low <- ifelse(inspected$status == 1, inspected$high - 28, inspected$time)
data_sets <- list(
  long = made(80, 0.4, c(200, 600)), short = made(60, 0.3, c(40, 90)), few = made(14, 0.5, c(100, 300)),
  nearly_all_cured = made(120, 0.85, c(300, 400)), inspected = inspected,
  nobody_cured = data.frame(time = round(rweibull(40, 1.2, 50), 2) + 0.01, status = 1),
  aml = data.frame(time = aml$time, status = aml$status),
  ovarian = data.frame(time = ovarian$futime, status = ovarian$fustat))

loglik <- function(c, theta, d) {
  cure <- function(t) c + (1 - c) * exp(-exp((log(t) - theta[1]) / exp(theta[2])))
  z <- (log(pmax(d$low, 1e-300)) - theta[1]) / exp(theta[2])
  exact <- d$low == d$high; right <- is.infinite(d$high)
  sum(log(1 - c) + (z - exp(z) - theta[2] - log(d$low))[exact]) + sum(log(cure(d$low[right]))) +
    sum(log((cure(pmax(d$low, 1e-300)) - cure(d$high))[!exact & !right]))
}
profile <- function(c, d) {
  f <- function(theta) { v <- -loglik(c, theta, d); if (is.finite(v)) v else 1e10 }
  start <- c(log(mean(d$low[is.finite(d$high)] + 1)), 0)
  best <- optim(start, f, control = list(reltol = 1e-14, maxit = 5000))
  best <- nlm(f, best$par, gradtol = 1e-10, steptol = 1e-12, iterlim = 500)
  list(value = -best$minimum, theta = best$estimate)
}
fit <- function(d) {
  grid <- seq(0, 0.99, 0.01)
  values <- sapply(grid, function(c) profile(c, d)$value)
  k <- which.max(values)
  at <- optimize(function(c) profile(c, d)$value, c(max(0, grid[k] - 0.01), min(0.999, grid[k] + 0.01)),
                 maximum = TRUE, tol = 1e-9)
  if (values[1] >= at$objective) at <- list(maximum = 0, objective = values[1])
  p <- profile(at$maximum, d)
  drop <- function(c) profile(c, d)$value - p$value + qchisq(0.95, 1) / 2
  low <- if (drop(0) >= 0) 0 else uniroot(drop, c(0, at$maximum), tol = 1e-11)$root
  high <- uniroot(drop, c(at$maximum, 1 - 1e-7), tol = 1e-11)$root
  list(estimate = at$maximum, low = low, high = high, location = p$theta[1], scale = exp(p$theta[2]),
       loglik = p$value, loglik_none = profile(0, d)$value)
}
followup <- function(d) {
  last <- max(d$time); event <- max(d$time[d$status == 1])
  late <- sum(d$status == 1 & d$time > 2 * event - last & d$time <= event)
  list(n_late = late, q_n = late / nrow(d), alpha_n = (1 - late / nrow(d))^nrow(d))
}
out <- list()
for (name in names(data_sets)) {
  d <- data_sets[[name]]
  if (is.null(d$low)) d <- transform(d, low = time, high = ifelse(status == 1, time, Inf))
  out[[name]] <- list(data = as.list(d), fit = fit(d), followup = followup(d))
}
write_json(list(r = R.version.string, data_sets = out), "cure.json", digits = I(17), auto_unbox = TRUE, na = "string")
