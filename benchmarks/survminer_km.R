# Relapse-free survival by target with survminer: what carstats is timed against where R has it.
suppressMessages({
  library(survival)
  library(survminer)
})
out <- commandArgs(TRUE)[1]
events <- read.csv("data/synthetic/events.csv")
events <- events[events$endpoint == "relapse_free_survival", ]
rows <- merge(events, read.csv("data/synthetic/subjects.csv"), by = "subject_id")
rows$months <- rows$time / 30.4375
rows$happened <- as.integer(rows$status == "event")
fit <- survfit(Surv(months, happened) ~ target, data = rows, conf.type = "log-log")
drawn <- ggsurvplot(fit, data = rows, conf.int = TRUE, risk.table = TRUE)
for (kind in c("svg", "pdf", "png")) {
  device <- switch(kind, svg = svg, pdf = pdf, png = function(file, ...) png(file, res = 300, units = "in", ...))
  device(file.path(out, paste0("curves.", kind)), width = 7, height = 5)
  print(drawn)
  dev.off()
}
