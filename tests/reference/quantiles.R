# Quantiles of Kaplan-Meier curves with limits, from survival's quantile() and print(), on the data sets of
# survival_curves.json and some with plateaus at a quantile. Writes quantiles.json.
suppressMessages({library(survival); library(jsonlite)})
known <- fromJSON("survival_curves.json", simplifyVector = TRUE)$data_sets
data_sets <- lapply(known, function(x) as.data.frame(x$data))
data_sets$camis_plateau <- data.frame(   # PSI-AIMS CAMIS: level at 0.5 to the end
  time = c(54, 75, 77, 84, 87, 92, 103, 105, 112, 118), status = rep(1:0, each = 5))
data_sets$plateau_between <- data.frame(time = c(1, 2, 3, 4), status = 1)
data_sets$plateau_censored_within <- data.frame(time = c(1, 2, 3, 3.5, 6, 9), status = c(1, 1, 1, 0, 1, 0))
data_sets$plateau_thirds <- data.frame(time = c(2, 4, 4, 7, 9, 11, 12, 15, 16), status = c(rep(1, 8), 0))
probs <- c(0.1, 0.25, 1 / 3, 0.5, 0.75, 0.9)
out <- list()
for (name in names(data_sets)) {
  d <- data_sets[[name]]
  y <- if (is.null(d$entry)) Surv(d$time, d$status) else Surv(d$entry, d$time, d$status)
  fits <- list()
  for (type in c("log-log", "log", "plain", "arcsin")) for (level in c(0.9, 0.95)) {
    f <- survfit(y ~ 1, conf.type = type, conf.int = level)
    q <- lapply(quantile(f, probs), as.numeric)
    # What print() shows. It differs from quantile() where a limit of the curve rises again, which
    # quantile() sorts.
    m <- survival:::survmean(f, rmean = "none")$matrix
    q$printed <- as.numeric(m[c("median", grep("LCL|UCL", names(m), value = TRUE))])
    fits[[paste(type, level)]] <- q
  }
  out[[name]] <- list(data = as.list(d), fits = fits)
}
write_json(list(r = R.version.string, survival = as.character(packageVersion("survival")),
                probs = probs, data_sets = out), "quantiles.json", digits = I(17), na = "null")
