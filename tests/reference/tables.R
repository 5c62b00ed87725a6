# The cells of the tables of the synthetic study, from its CSV files alone: counts, table(), mean, sd,
# quantile(type = 7), survfit, survdiff, coxph, binom.test, rounded and written here once more; and
# the limits of the published trials. Writes tables.json.
suppressMessages({library(jsonlite); library(survival)})
read <- function(file) read.csv(file.path("../../data", file), na.strings = "", check.names = FALSE)
nb <- "\u00a0"; dash <- "\u2013"
diseases <- c("SLE", "IIM", "SSc", "MG", "NMOSD", "AIHA")
targets <- c("CD19", "BCMA", "CD19+BCMA")

# Halves go up; a hair more than the error of a float brings back the halves that it lost.
num <- function(x, digits = 1) formatC(floor(x * 10^digits + 0.5 + 1e-9) / 10^digits, format = "f",
                                       digits = digits)
pct <- function(k, n) {
  whole <- (200 * k + n) %/% (2 * n)
  text <- ifelse(k > 0 & whole == 0, "<1", ifelse(k < n & whole == 100, ">99", whole))
  paste0(text, nb, "%")
}
share <- function(k, n) if (k == 0) "0" else sprintf("%d (%s)", k, pct(k, n))
pair <- function(low, high, digits = 1) paste0(num(low, digits), dash, num(high, digits))
p_text <- function(p) if (p < 0.001) "<0.001" else
  num(p, if (p < 0.01 || (p >= 0.045 && p < 0.055)) 3 else 2)

everyone <- read("synthetic/subjects.csv")
s <- subset(everyone, infused == "true")
columns <- c(list(s), lapply(targets, function(t) subset(s, target == t)))

amount <- function(name, digits = 1) {
  whole <- all(na.omit(s[[name]]) %% 1 == 0)
  sapply(columns, function(d) {
    x <- na.omit(d[[name]]); q <- quantile(x, c(.25, .5, .75), type = 7)
    c(sprintf("%s (%s)", num(mean(x), digits), num(sd(x), digits)),
      sprintf("%s [%s]", num(q[2], digits), pair(q[1], q[3], digits)),
      pair(min(x), max(x), if (whole) 0 else digits), sum(is.na(d[[name]])))
  })
}
category <- function(name, levels) {
  rows <- sapply(columns, function(d) c(
    sapply(levels, function(l) share(sum(d[[name]] == l, na.rm = TRUE), sum(!is.na(d[[name]])))),
    sum(is.na(d[[name]]))))
  if (all(rows[nrow(rows), ] == "0")) rows[-nrow(rows), ] else rows
}
baseline <- rbind(
  amount("age"), category("sex", c("F", "M")), category("disease", diseases),
  category("disease_subtype", sort(unique(na.omit(s$disease_subtype)), method = "radix")),
  amount("disease_duration_years"), amount("n_prior_therapies"), amount("weight_kg"),
  category("platform", c("CAR-T", "CAR-NK", "CAR-Treg")),
  category("cell_source", c("autologous", "allogeneic")), category("costimulation", c("4-1BB", "CD28")))

# Relapse-free survival. The beta-product limits have witnesses of their own: here without limits.
rfs <- merge(subset(read("synthetic/events.csv"), endpoint == "relapse_free_survival"),
             s[c("subject_id", "target")])
rfs$target <- factor(rfs$target, targets)
month <- function(day) ifelse(is.na(day), "not reached", num(day / 30.4375))
cox <- summary(coxph(Surv(time, status == "event") ~ target, rfs, ties = "efron"))
times <- sapply(targets, function(t) {
  d <- subset(rfs, target == t)
  curve <- survfit(Surv(time, status == "event") ~ 1, d)
  reverse <- quantile(survfit(Surv(time, status != "event") ~ 1, d, conf.type = "log-log"), 1:3 / 4)
  reverse <- lapply(reverse, month)
  i <- match(t, targets) - 1
  hr <- if (i) sprintf("%s (%s)", num(cox$conf.int[i, 1], 2), pair(cox$conf.int[i, 3], cox$conf.int[i, 4], 2))
  c(sprintf("%d/%d", sum(d$status == "event"), nrow(d)),
    sprintf("%s (%s)", reverse$quantile[2], paste0(reverse$lower[2], dash, reverse$upper[2])),
    paste0(reverse$quantile[1], dash, reverse$quantile[3]), pair(min(d$time) / 30.4375, max(d$time) / 30.4375),
    month(quantile(curve, 0.5)$quantile),
    paste0(num(100 * summary(curve, times = c(365, 730))$surv, 0), nb, "%"),
    if (i) c(hr, p_text(cox$coefficients[i, 5])) else c("1 (reference)", dash))
})
test <- survdiff(Surv(time, status == "event") ~ target, rfs)
logrank <- p_text(pchisq(test$chisq, 2, lower.tail = FALSE))

# Drug-free remission: the visit nearest to day 168 of those from 140 to 196 that can be judged.
late <- subset(s, cutoff_day >= 196)
seen <- subset(read("synthetic/responses.csv"), endpoint == "drug_free_remission" & day >= 140 &
                 day <= 196 & evaluable == "true" & !is.na(response))
seen <- seen[order(seen$subject_id, abs(seen$day - 168)), ]
seen <- seen[!duplicated(seen$subject_id), ]
exact <- function(k, n) {
  ci <- binom.test(k, n)$conf.int
  sprintf("%s (%s)", pct(k, n), pair(100 * ci[1], 100 * ci[2], 0))
}
strata <- expand.grid(target = targets, disease = diseases, stringsAsFactors = FALSE)
response <- do.call(rbind, Map(function(t, d) {
  ids <- late$subject_id[late$target == t & late$disease == d]
  n <- length(ids); judged <- seen[seen$subject_id %in% ids, ]
  k <- sum(judged$response == "true"); m <- nrow(judged)
  if (n) c(sprintf("%d/%d", k, n), exact(k, n), n - m, m, if (m) pct(k, m) else dash)
}, strata$target, strata$disease))

# Toxicity: the worst grade of each term, and the systems with their terms, most frequent first.
tox <- merge(read("synthetic/toxicities.csv"), s[c("subject_id", "target")])
who <- function(rows, t) length(unique(rows$subject_id[rows$target == t]))
# Graft-versus-host disease is asked of those given allogeneic cells.
asked <- function(t, term) sum(s$target == t & (term != "GvHD" | s$cell_source == "allogeneic"))
grades <- unlist(lapply(targets, function(t) lapply(unique(tox$term), function(term) {
  d <- tox[tox$target == t & tox$term == term, ]
  worst <- if (nrow(d)) tapply(d$grade, d$subject_id, max) else numeric(0)
  counts <- c(asked(t, term) - length(worst), tabulate(worst, 5))
  c(t, term, sapply(counts, share, n = asked(t, term)))
})), recursive = FALSE)
three <- function(rows, term = "") unlist(lapply(targets, function(t) {
  n <- asked(t, term)
  c(share(who(rows, t), n), share(who(rows[rows$grade >= 3, ], t), n),
    share(who(rows[rows$serious == "true", ], t), n))
}))
systems <- c(list(c("total", "", three(tox))), unlist(lapply(unique(tox$system), function(system) {
  d <- tox[tox$system == system, ]
  c(list(c(system, "", three(d))), lapply(unique(d$term), function(term)
    c(system, term, three(d[d$term == term, ], term))))
}), recursive = FALSE))

flow <- do.call(rbind, lapply(diseases, function(d) {
  n <- c(sum(everyone$disease == d), sum(s$disease == d), sum(late$disease == d))
  before <- n[c(1, 1, 2)]
  matrix(as.character(c(before, before - n, 0, 0, 0, n)), 3)
}))

# The published trials: counts of remission as the file has them.
found <- subset(read("published/published_outcomes.csv"), outcome == "response" & endpoint_class == "remission")
found <- found[!is.na(found$n_event) & !is.na(found$n_evaluable), ]
evidence <- Map(function(id, k, n) c(id, sprintf("%d/%d", k, n), exact(k, n)),
                found$study_id, found$n_event, found$n_evaluable)

write_json(list(
  r = unbox(R.version.string), baseline = baseline, time_to_event_table = unname(times),
  logrank = unbox(logrank), response_table = unname(response), toxicity_by_grade_table = grades,
  toxicity_by_system = systems, attrition_table = unname(flow), evidence_table = unname(evidence)),
  "tables.json")
