# Rates per person-time (poisson.test; Byar's formula written out), their ratio, and adjusted
# p-values (p.adjust). Writes rates.json.
suppressMessages(library(jsonlite))
byar <- function(k, t, level) {
  z <- qnorm(1 - (1 - level) / 2)
  x <- k + 0.5
  c(if (k == 0) 0 else x * max(1 - 1 / (9 * x) - z / (3 * sqrt(x)), 0)^3,
    x * (1 - 1 / (9 * x) + z / (3 * sqrt(x)))^3) / t
}
rates <- ratios <- list()
for (level in c(0.9, 0.95, 0.99)) {
  for (k in c(0:12, 15, 25, 40, 100, 1000)) for (t in c(0.5, 50, 123.4)) {
    p <- poisson.test(k, t, conf.level = level)
    rates[[length(rates) + 1]] <- c(level, k, t, p$estimate, p$conf.int, byar(k, t, level))
  }
  for (k1 in c(0:5, 11, 40)) for (k2 in c(0:5, 11, 40)) for (t in list(c(10, 10), c(123.4, 50))) {
    if (k1 + k2 == 0) next   # poisson.test stops; carstats answers 0, infinity and p = 1
    p <- poisson.test(c(k1, k2), t, conf.level = level)
    ratios[[length(ratios) + 1]] <- c(level, k1, k2, t, p$conf.int, p$p.value)
  }
}
set.seed(20240604)
samples <- list(one = 0.03, ties = c(0.01, 0.01, 0.04, 0.2, 0.04), missing = c(0.2, NA, 0.001, 0.03),
                many = round(runif(25)^3, 5))
adjusted <- lapply(samples, function(p) list(p = p, Holm = p.adjust(p, "holm"),
  Bonferroni = p.adjust(p, "bonferroni"), "Benjamini-Hochberg" = p.adjust(p, "BH"), none = p))
finite <- function(m) { m[is.infinite(m)] <- NA; m }   # JSON has no infinity
write_json(list(r = R.version.string,
                rate_columns = c("conf_level", "n_event", "exposure", "estimate", "low", "high",
                                 "byar_low", "byar_high"), rates = do.call(rbind, rates),
                ratio_columns = c("conf_level", "n1", "n2", "t1", "t2", "low", "high_or_null",
                                  "p_minlike"), ratios = finite(do.call(rbind, ratios)),
                adjusted = adjusted), "rates.json", digits = I(17), na = "null")
