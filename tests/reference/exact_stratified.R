# Exact conditional test of a common odds ratio over strata, by stats::mantelhaen.test.
# Rscript tests/reference/exact_stratified.R
library(jsonlite)
here <- if (file.exists("tests/reference")) "tests/reference" else "."
# Rows of k1, k2, n1, n2: events and subjects of two groups in each stratum.
sets <- list(
  two = rbind(c(3, 1, 5, 6), c(2, 0, 4, 5)),
  small_strata = rbind(c(1, 0, 2, 2), c(2, 1, 3, 3), c(1, 1, 2, 3), c(3, 0, 3, 2)),
  one_empty_stratum = rbind(c(4, 1, 6, 7), c(0, 0, 3, 2), c(2, 2, 3, 4)),
  opposed = rbind(c(5, 1, 6, 6), c(1, 4, 5, 6), c(2, 2, 7, 5)),
  all_against_none = rbind(c(3, 0, 3, 3), c(2, 0, 2, 2)),
  larger = rbind(c(20, 12, 40, 38), c(11, 9, 30, 41), c(3, 7, 12, 25))
)
found <- lapply(sets, function(rows) {
  cells <- array(0, c(2, 2, nrow(rows)))
  for (i in seq_len(nrow(rows))) {
    r <- rows[i, ]
    cells[, , i] <- matrix(c(r[1], r[3] - r[1], r[2], r[4] - r[2]), 2)
  }
  test <- function(alternative) mantelhaen.test(cells, exact = TRUE, alternative = alternative)
  both <- test("two.sided")
  list(rows = rows, p_value = both$p.value, odds_ratio = unname(both$estimate),
       p_greater = test("greater")$p.value, p_less = test("less")$p.value)
})
write_json(found, file.path(here, "exact_stratified.json"), digits = NA, auto_unbox = TRUE,
           pretty = TRUE)
