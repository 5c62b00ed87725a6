# Kaplan-Meier curves of R's survival package: data sets x confidence types.
# Writes survival_curves.json: each data set's columns, then for each option what survfit answers.
suppressMessages({library(survival); library(jsonlite)})

freireich <- data.frame(
  time = c(6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35),
  status = c(1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0))
set.seed(20240601)
many_ties <- data.frame(time = sample(1:8, 60, TRUE), status = rbinom(60, 1, 0.5))
data_sets <- list(
  freireich = freireich,
  aml = data.frame(time = aml$time, status = aml$status),
  veteran = data.frame(time = veteran$time, status = veteran$status),
  lung = data.frame(time = lung$time, status = lung$status - 1),
  ovarian = data.frame(time = ovarian$futime, status = ovarian$fustat),
  many_ties = many_ties,
  heart_left_truncated = data.frame(entry = heart$start, time = heart$stop, status = heart$event),
  one_event = data.frame(time = 5, status = 1),
  one_censored = data.frame(time = 5, status = 0),
  all_censored = data.frame(time = c(3, 4, 4, 9), status = 0),
  all_tied_events = data.frame(time = c(7, 7, 7), status = 1),
  all_events = data.frame(time = c(3, 5, 5, 8, 12, 14), status = 1),
  censored_on_one_day = data.frame(time = c(10, 10, 10, 10), status = c(1, 0, 0, 0)),
  event_at_zero = data.frame(time = c(0, 0, 2, 5, 8), status = c(1, 0, 1, 0, 1)),
  last_is_event = data.frame(time = c(1, 2, 3, 4), status = c(0, 1, 0, 1)),
  near_ties = data.frame(time = c(0.3, 0.1 + 0.2, 0.1 * 3, 1, 2), status = c(1, 1, 0, 1, 0)))

answers <- function(d, conf_type, conf_level) {
  y <- if (is.null(d$entry)) Surv(d$time, d$status) else Surv(d$entry, d$time, d$status)
  f <- survfit(y ~ 1, conf.type = conf_type, conf.int = conf_level)
  # survfit's std.err is of log S; std.err times S is Greenwood's.
  list(time = f$time, n_risk = f$n.risk, n_event = f$n.event, n_censor = f$n.censor,
       survival = f$surv, std_error = f$std.err * f$surv, low = f$lower, high = f$upper)
}
out <- list()
for (name in names(data_sets)) {
  d <- data_sets[[name]]
  out[[name]] <- list(data = as.list(d), fits = list())
  for (type in c("log-log", "log", "plain", "arcsin")) for (level in c(0.9, 0.95)) {
    out[[name]]$fits[[paste(type, level)]] <- answers(d, type, level)
  }
}
write_json(list(r = R.version.string, survival = as.character(packageVersion("survival")),
                data_sets = out),
           "survival_curves.json", digits = I(17), auto_unbox = FALSE, na = "null")
