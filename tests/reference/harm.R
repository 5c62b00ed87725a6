# Harm beyond grades: limits of a bounded mean (Gaffke 2005), deaths by cause, rates by organism,
# shares, medians. Base R and survival.
suppressPackageStartupMessages({library(survival); library(jsonlite)})

# P(mean of z under Dirichlet(1, ..., 1) weights <= m), for values that differ: the divided
# difference of a truncated power. An own route: no integral.
cdf <- function(m, z) {
  n <- length(z) - 1
  1 - sum(vapply(which(z > m), function(i) prod((z[i] - m) / (z[i] - z[-i])), 0))
}
quantile_of <- function(z, p) uniroot(function(m) cdf(m, z) - p, range(z), tol = 1e-14)$root
gaffke <- function(x, most, level = 0.95) {
  tail <- (1 - level) / 2
  list(x = x, most = most, level = level, estimate = mean(x),
       low = quantile_of(c(0, x), tail), high = quantile_of(c(x, most), 1 - tail))
}
bounded <- list(gaffke(c(5), 30), gaffke(c(2, 11), 30), gaffke(c(1, 4, 9, 16), 30),
                gaffke(c(3, 7, 8, 12, 13, 21, 29), 30), gaffke(c(1, 2, 4, 8), 90, 0.9),
                gaffke(c(0.5, 3, 6, 7, 9, 10, 14, 22, 28), 30))

# Where every value is 0 or the largest: Clopper and Pearson's.
ends <- lapply(list(c(0, 3), c(1, 5), c(3, 12), c(12, 12)), function(k) {
  ci <- binom.test(k[1], k[2])$conf.int
  list(k = k[1], n = k[2], most = 30, low = 30 * ci[1], high = 30 * ci[2])
})

# Deaths by cause: last day followed, and the cause (empty: alive).
day <- c(40, 200, 200, 310, 365, 400, 500, 620, 700, 800, 90, 900)
cause <- c("infection", "", "disease", "", "infection", "", "unknown", "", "", "", "disease", "")
state <- factor(ifelse(cause == "", "alive", cause),
                levels = c("alive", "disease", "infection", "unknown"))
fit <- survfit(Surv(day, state) ~ 1)
at <- summary(fit, times = 365, extend = TRUE)
years <- sum(day + 1) / 365.25
by_cause <- lapply(c("any cause", "disease", "infection", "unknown"), function(name) {
  k <- if (name == "any cause") sum(cause != "") else sum(cause == name)
  share <- binom.test(k, length(day))$conf.int
  rate <- poisson.test(k, years / 100)$conf.int
  incidence <- if (name == "any cause") 1 - at$pstate[1, 1] else at$pstate[1, match(name, fit$states)]
  list(cause = name, n_event = k, share_low = share[1], share_high = share[2],
       rate = 100 * k / years, rate_low = rate[1], rate_high = rate[2], incidence = incidence)
})
deaths <- list(day = day, cause = cause, person_years = years, by_cause = by_cause)

# Infections of three subjects by window, first events and all (Garwood).
rates <- lapply(list(c(0, 41), c(1, 2.5), c(3, 0.25), c(7, 12)), function(k) {
  ci <- poisson.test(k[1], k[2] / 100)$conf.int
  list(k = k[1], years = k[2], estimate = 100 * k[1] / k[2], low = ci[1], high = ci[2])
})

write_json(list(bounded = bounded, ends = ends, deaths = deaths, rates = rates), "harm.json",
           digits = NA, auto_unbox = TRUE, pretty = TRUE)
