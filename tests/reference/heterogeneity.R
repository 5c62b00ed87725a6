# Likelihood-ratio test of heterogeneity of proportions: metafor::rma.glmm(measure = "PLO")'s
# QE.LRT. Writes heterogeneity.json.
suppressMessages({library(metafor); library(jsonlite)})
here <- if (file.exists("tests/reference")) "tests/reference" else "."
sets <- list(
  two_unlike = list(k = c(5, 116), n = c(119, 170)),
  two_alike = list(k = c(4, 9), n = c(10, 20)),
  three = list(k = c(3, 8, 1), n = c(8, 9, 12)),
  zero_and_all = list(k = c(0, 7, 3), n = c(5, 7, 6)),
  pritz = list(k = c(1, 0, 2, 3, 0, 8, 5, 2, 4, 3, 10, 4, 0, 1),
               n = c(27, 14, 28, 31, 18, 64, 38, 16, 35, 22, 48, 31, 25, 13))
)
found <- lapply(sets, function(d) {
  fit <- suppressWarnings(rma.glmm(measure = "PLO", xi = d$k, ni = d$n, method = "FE"))
  c(d, list(statistic = fit$QE.LRT, df = fit$QE.df, p_value = fit$QEp.LRT))
})
write_json(found, file.path(here, "heterogeneity.json"), digits = NA, auto_unbox = TRUE,
           pretty = TRUE)
