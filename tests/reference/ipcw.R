# Survival curve weighted by the inverse probability of not having been censored, by group: every
# subject is split at every time, weighted by 1 / G(t-) of its group (survfit of the censoring, where
# those with an event at a time are no longer at risk of being censored at it), and survfit is asked
# for the weighted curve. Writes ipcw.json.
suppressMessages({library(survival); library(jsonlite)})

set.seed(20240607)
made <- function(n, digits) {
  g <- rep(1:2, length.out = n); t <- rexp(n, 0.02 * g); c <- rexp(n, 0.03 / g)
  data.frame(time = round(pmin(t, c), digits) + 10^-digits, status = as.integer(t <= c), group = g)
}
three <- made(60, 0); three$group <- rep(1:3, 20)
data_sets <- list(
  smooth = made(80, 4), ties = made(100, -1), three = three,
  veteran = data.frame(time = veteran$time, status = veteran$status, group = veteran$trt),
  one_group = transform(made(30, 0), group = 1), all_censored = data.frame(time = c(2, 3, 3, 5), status = 0, group = c(1, 2, 1, 2)),
  no_censoring = data.frame(time = c(2, 3, 3, 5), status = 1, group = c(1, 2, 1, 2)))
curve <- function(d) {
  times <- sort(unique(d$time)); rows <- list(); moment <- min(diff(times)) / 4
  for (g in unique(d$group)) {
    own <- d[d$group == g, ]
    # Events a moment before the censoring of the same time.
    early <- own$time - ifelse(own$status == 1, moment, 0)
    f <- survfit(Surv(early, 1 - own$status) ~ 1)
    before <- function(t) { k <- which(f$time < t - moment / 2); if (length(k)) f$surv[max(k)] else 1 }
    for (i in seq_len(nrow(own))) for (t in times[times <= own$time[i]]) rows[[length(rows) + 1]] <-
      c(max(c(0, times[times < t])), t, own$status[i] * (own$time[i] == t), 1 / before(t))
  }
  r <- do.call(rbind, rows)
  f <- survfit(Surv(r[, 1], r[, 2], r[, 3]) ~ 1, weights = r[, 4])
  list(time = f$time, survival = f$surv, weighted_risk = f$n.risk)
}
out <- lapply(data_sets, function(d) list(data = as.list(d), curve = curve(d)))
write_json(list(r = R.version.string, survival = as.character(packageVersion("survival")), data_sets = out),
           "ipcw.json", digits = I(17), auto_unbox = FALSE)
