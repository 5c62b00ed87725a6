# A covariate that changes on the day of an event: survival::coxph (Efron) on the data of tmerge,
# with and without a covariate known at the origin. Ties between change and event are among them.
suppressMessages({library(survival); library(jsonlite)})
here <- if (file.exists("tests/reference")) "tests/reference" else "."
set.seed(20)
n <- 60
d <- data.frame(id = 1:n, age = round(runif(n, 20, 70)), time = round(rexp(n, 1 / 300)) + 10)
d$event <- rbinom(n, 1, 0.6)
d$change <- round(rexp(n, 1 / 150)) + 5
d$change[sample(n, 12)] <- NA
d$change[c(3, 9)] <- d$time[c(3, 9)]
d$event[c(3, 9)] <- 1
base <- tmerge(d[, c("id", "age")], d, id = id, endpt = event(time, event))
long <- tmerge(base, d, id = id, back = tdc(change))
fits <- list(alone = coxph(Surv(tstart, tstop, endpt) ~ back, long, ties = "efron"),
             adjusted = coxph(Surv(tstart, tstop, endpt) ~ age + back, long, ties = "efron"))
strict <- coxph.control(eps = 1e-14, toler.chol = 1e-15, iter.max = 60)
fits <- lapply(fits, function(f) update(f, control = strict))
write_json(list(data = d, fits = lapply(fits, function(f) list(
  coef = unname(coef(f)), error = unname(sqrt(diag(vcov(f))))))),
  file.path(here, "changing_covariate.json"), digits = NA, auto_unbox = TRUE, pretty = TRUE,
  na = "null")
