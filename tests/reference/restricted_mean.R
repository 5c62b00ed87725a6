# Restricted means: survival's print(rmean =), on the data sets of survival_curves.json; and a
# definition written out here (Irwin's variance) for the differences and ratios of two groups that
# survival lacks. Writes restricted_mean.json.
suppressMessages({library(survival); library(jsonlite)})
known <- fromJSON("survival_curves.json", simplifyVector = TRUE)$data_sets
out <- list()
for (name in names(known)) {
  d <- as.data.frame(known[[name]]$data)
  y <- if (is.null(d$entry)) Surv(d$time, d$status) else Surv(d$entry, d$time, d$status)
  f <- survfit(y ~ 1)
  means <- list()
  for (part in c(0.25, 0.6, 1)) {
    at <- part * max(d$time)
    t <- survival:::survmean(f, rmean = at)$matrix
    means[[length(means) + 1]] <- c(at, t[["rmean"]], t[["se(rmean)"]])
  }
  out[[name]] <- list(data = as.list(d), means = do.call(rbind, means))
}

irwin <- function(time, status, at) {
  f <- survfit(Surv(time, status) ~ 1)
  curve <- stepfun(f$time, c(1, f$surv))
  area <- function(from) {   # by the rectangles between the steps
    cuts <- sort(unique(c(from, f$time[f$time > from & f$time < at], at)))
    sum(curve(head(cuts, -1)) * diff(cuts))
  }
  v <- 0
  for (i in which(f$n.event > 0 & f$time < at & f$n.risk > f$n.event)) {
    v <- v + area(f$time[i])^2 * f$n.event[i] / (f$n.risk[i] * (f$n.risk[i] - f$n.event[i]))
  }
  c(mean = area(0), se = sqrt(v))
}
groups <- list(veteran = data.frame(time = veteran$time, status = veteran$status, g = veteran$trt == 1),
               ovarian = data.frame(time = ovarian$futime, status = ovarian$fustat, g = ovarian$rx == 1),
               lung = data.frame(time = lung$time, status = lung$status - 1, g = lung$sex == 1))
pairs <- list()
for (name in names(groups)) {
  d <- groups[[name]]
  for (at in c(380, 500)) for (level in c(0.9, 0.95)) {
    a <- irwin(d$time[d$g], d$status[d$g], at); b <- irwin(d$time[!d$g], d$status[!d$g], at)
    z <- qnorm(1 - (1 - level) / 2)
    diff <- a[["mean"]] - b[["mean"]]; se <- sqrt(a[["se"]]^2 + b[["se"]]^2)
    ratio <- a[["mean"]] / b[["mean"]]
    lse <- sqrt((a[["se"]] / a[["mean"]])^2 + (b[["se"]] / b[["mean"]])^2)
    pairs[[paste(name, at, level)]] <- list(first = as.numeric(a), second = as.numeric(b),
      difference = c(diff, se, diff - z * se, diff + z * se, 2 * pnorm(-abs(diff / se))),
      ratio = c(ratio, ratio * lse, ratio * exp(-z * lse), ratio * exp(z * lse),
                2 * pnorm(-abs(log(ratio) / lse))))
  }
}
write_json(list(r = R.version.string, survival = as.character(packageVersion("survival")),
                data_sets = out, groups = lapply(groups, function(d) as.list(d)), pairs = pairs),
           "restricted_mean.json", digits = I(17), na = "null")
