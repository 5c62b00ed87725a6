# Clopper-Pearson (binom.test) and Wilson (prop.test without correction) limits for every
# 0 <= k <= n, 1 <= n <= 40, at three levels. Writes proportions.json.
suppressMessages(library(jsonlite))
rows <- list()
for (level in c(0.9, 0.95, 0.99)) for (n in 1:40) for (k in 0:n) {
  cp <- binom.test(k, n, conf.level = level)$conf.int
  wilson <- suppressWarnings(prop.test(k, n, conf.level = level, correct = FALSE))$conf.int
  rows[[length(rows) + 1]] <- c(level, n, k, cp, wilson)
}
write_json(list(r = R.version.string,
                columns = c("conf_level", "n", "n_event", "cp_low", "cp_high", "wilson_low", "wilson_high"),
                rows = do.call(rbind, rows)),
           "proportions.json", digits = I(17))
