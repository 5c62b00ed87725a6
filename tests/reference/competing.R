# Competing events: cumulative incidence (survfit and cmprsk::cuminc) and Gray's test.
# Writes competing.json: each data set's columns, then what R answers for each option.
suppressMessages({library(survival); library(cmprsk); library(jsonlite)})

set.seed(20240603)
ties <- data.frame(time = sample(1:8, 90, TRUE), status = sample(0:2, 90, TRUE, c(0.4, 0.4, 0.2)),
                   group = rep(1:3, 30), stratum = sample(1:2, 90, TRUE))
smooth <- data.frame(time = round(rexp(120, 0.01), 3) + 0.001, status = sample(0:3, 120, TRUE),
                     group = rep(1:2, 60), stratum = sample(1:3, 120, TRUE))
late <- data.frame(entry = sample(0:12, 80, TRUE), group = rep(1:2, 40), stratum = 1)
late$time <- late$entry + sample(1:15, 80, TRUE)
late$status <- sample(0:2, 80, TRUE, c(0.3, 0.4, 0.3))
few <- data.frame(entry = c(0, 0, 1, 0, 1, 2, 2, 3, 0, 4), time = c(1, 1, 2, 2, 2, 3, 4, 4, 5, 5),
                  status = c(1, 2, 1, 1, 2, 0, 1, 0, 2, 1), group = 1, stratum = 1)
plasma <- with(na.omit(mgus2[c("ptime", "pstat", "futime", "death", "sex", "age")]), data.frame(
  time = ifelse(pstat == 1, ptime, futime), status = ifelse(pstat == 1, 1, 2 * death),
  group = as.integer(sex), stratum = 1 + (age > 70)))
cohort <- function(time, status, group = rep(1:2, length.out = length(time)), stratum = 1)
  data.frame(time = time, status = status, group = group, stratum = stratum)
data_sets <- list(
  hand = cohort(c(1, 1, 2, 2, 2, 3, 4, 4, 5, 5), c(1, 2, 1, 1, 2, 0, 1, 0, 2, 1)),
  ties = ties, smooth = smooth, plasma = plasma, left_truncated = late, left_truncated_few = few,
  one_cause = cohort(c(3, 5, 5, 8, 12, 14), c(1, 1, 0, 1, 0, 1)),
  rival_only = cohort(c(3, 5, 5, 8, 12, 14), c(2, 2, 0, 2, 0, 2)),
  no_event = cohort(c(3, 4, 4, 9), 0),
  one_event = cohort(5, 1), one_rival = cohort(5, 2), one_censored = cohort(5, 0),
  all_tied = cohort(rep(7, 9), c(1, 2, 0, 1, 1, 2, 0, 2, 1)),
  all_had_it = cohort(c(2, 3, 3, 4), 1),
  at_zero = cohort(c(0, 0, 0, 2, 5, 8, 9), c(1, 2, 0, 1, 0, 1, 2)),
  event_free_group = cohort(c(2, 3, 4, 5, 6, 7, 8, 9), c(1, 0, 2, 0, 1, 0, 0, 2)),
  group_of_one = cohort(c(2, 3, 4, 5, 6, 7), c(1, 2, 1, 0, 1, 0), c(1, 1, 1, 1, 1, 2)),
  disjoint_groups = cohort(1:8, c(1, 2, 1, 1, 1, 2, 1, 1), rep(1:2, each = 4)),
  last_is_event = cohort(c(1, 2, 3, 4, 6, 6), c(0, 1, 2, 1, 1, 2), stratum = c(1, 1, 1, 2, 2, 2)))

incidence <- function(d, type, level) {
  cause <- factor(d$status, 0:max(d$status, 1))
  f <- if (is.null(d$entry)) survfit(Surv(d$time, cause) ~ 1, conf.type = type, conf.int = level)
    else survfit(Surv(d$entry, d$time, cause) ~ 1, id = seq_along(cause), conf.type = type, conf.int = level)
  # Without any transition survfit answers in one state fewer dimensions, or not at all.
  col <- function(x) if (is.null(x)) NULL else matrix(x, nrow = length(f$time))[, -1, drop = FALSE]
  list(time = f$time, survival = f$pstate[, 1], estimate = col(f$pstate), std_error = col(f$std.err),
       low = col(f$lower), high = col(f$upper))
}
aalen <- function(d) {
  fit <- cuminc(d$time, d$status)
  at <- sort(unique(d$time))
  # timepoints() has nothing to say beyond the last step of a curve that is not followed further.
  out <- timepoints(fit, at)
  list(time = at, cause = as.integer(sub("1 ", "", rownames(out$est))), estimate = out$est, variance = out$var)
}
gray <- function(d, rho, stratified) {
  fit <- if (stratified) cuminc(d$time, d$status, d$group, d$stratum, rho = rho)
    else cuminc(d$time, d$status, d$group, rho = rho)
  list(cause = as.integer(rownames(fit$Tests)), statistic = unname(fit$Tests[, "stat"]),
       p_value = unname(fit$Tests[, "pv"]), df = unname(fit$Tests[, "df"]))
}
out <- list()
for (name in names(data_sets)) {
  d <- data_sets[[name]]
  answer <- list(data = as.list(d), incidence = list(), gray = setNames(list(), character(0)))
  for (type in c("log-log", "log", "plain", "arcsin")) for (level in c(0.9, 0.95)) {
    got <- incidence(d, type, level)
    if (is.null(answer$curve)) answer$curve <- got[c("time", "survival", "estimate", "std_error")]
    answer$incidence[[paste(type, level)]] <- got[c("low", "high")]
  }
  if (is.null(d$entry)) {
    answer$aalen <- tryCatch(aalen(d), error = function(e) list(error = conditionMessage(e)))
    if (length(unique(d$group)) > 1) for (rho in c(0, 1, -0.5)) for (stratified in c(FALSE, TRUE)) {
      got <- tryCatch(gray(d, rho, stratified), error = function(e) list(error = conditionMessage(e)))
      answer$gray[[paste(rho, if (stratified) "stratified" else "plain")]] <- got
    }
  }
  out[[name]] <- answer
}
write_json(list(r = R.version.string, survival = as.character(packageVersion("survival")),
                cmprsk = as.character(packageVersion("cmprsk")), data_sets = out),
           "competing.json", digits = I(17), auto_unbox = FALSE, na = "null")
