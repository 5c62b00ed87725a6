# Subjects with adverse events in a real file (CDISC's pilot study: adae.xpt, 1,191 records), counted
# without carstats: any, by severity, serious, by body system, per arm. Writes adverse_events.json:
# counts only. Where the file is not there, the counts stay as they are.
suppressMessages({library(jsonlite); library(haven)})
folder <- file.path("..", "..", "..", "shared", "data", "cdiscpilot")
if (!file.exists(file.path(folder, "adae.xpt"))) {
  message("adae.xpt is not there: adverse_events.json is left as it is")
  quit(status = 0)
}
ae <- as.data.frame(read_xpt(file.path(folder, "adae.xpt")))
sl <- as.data.frame(read_xpt(file.path(folder, "adsl.xpt")))
sl <- sl[sl$SAFFL == "Y", ]
ae <- ae[ae$USUBJID %in% sl$USUBJID, ]
arms <- sort(unique(sl$TRT01A))
all <- ae
# What began before the first dose is no effect of it, and is not counted.
ae <- ae[is.na(ae$ASTDT) | ae$ASTDT >= sl$TRTSDT[match(ae$USUBJID, sl$USUBJID)], ]
subjects <- function(rows) {
  found <- sapply(arms, function(arm) {
    length(unique(rows$USUBJID[rows$USUBJID %in% sl$USUBJID[sl$TRT01A == arm]]))
  })
  unname(found)
}
rank <- match(ae$AESEV, c("MILD", "MODERATE", "SEVERE"))
systems <- sort(unique(all$AEBODSYS))
worst <- tapply(rank, ae$USUBJID, max)
worst_counts <- lapply(arms, function(arm) {
  ids <- sl$USUBJID[sl$TRT01A == arm]
  w <- worst[names(worst) %in% ids]
  c(length(ids) - length(w), tabulate(w, 3))
})
write_json(list(
  r = R.version.string, records = nrow(all), before = nrow(all) - nrow(ae), arms = arms,
  n = unname(as.integer(table(factor(sl$TRT01A, arms)))),
  any = subjects(ae), moderate = subjects(ae[rank >= 2, ]), severe = subjects(ae[rank >= 3, ]),
  serious = subjects(ae[ae$AESER == "Y", ]), worst = worst_counts, systems = systems,
  by_system = lapply(systems, function(s) subjects(ae[ae$AEBODSYS == s, ])),
  by_system_severe = lapply(systems, function(s) subjects(ae[ae$AEBODSYS == s & rank >= 3, ])),
  records_by_system = lapply(systems, function(s) sum(ae$AEBODSYS == s)),
  terms = sort(unique(all$AEDECOD)),
  by_term = lapply(sort(unique(all$AEDECOD)), function(s) subjects(ae[ae$AEDECOD == s, ])),
  missing_onset = sum(is.na(all$ASTDT)), missing_end = sum(is.na(all$AENDT))),
  "adverse_events.json", digits = I(17), auto_unbox = TRUE, na = "null")
