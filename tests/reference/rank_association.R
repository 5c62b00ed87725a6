# Order of values by ordered groups: Kendall's S over every arrangement (or coin's exact Wilcoxon
# for two groups), Spearman's correlation with Fisher's z and Bonett and Wright's error.
suppressMessages({library(coin); library(jsonlite)})
here <- if (file.exists("tests/reference")) "tests/reference" else "."
s_of <- function(x, g) {
  s <- 0
  for (i in seq_along(x)) for (j in seq_along(x)) if (g[i] < g[j]) s <- s + sign(x[j] - x[i])
  s
}
all_groups <- function(g) {
  if (!length(g)) return(list(c()))
  out <- list()
  for (v in unique(g)) {
    rest <- g[-match(v, g)]
    out <- c(out, lapply(all_groups(rest), function(r) c(v, r)))
  }
  out
}
sets <- list(
  pair = list(value = c(32, 12, 8, 41, 5, 9, 60, 22, 17, 3), group = c(1, 1, 0, 1, 0, 0, 1, 1, 0, 0)),
  tied = list(value = c(3, 3, 1, 5, 5, 5, 2, 3, 8, 1, 1, 4), group = c(0, 1, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1)),
  grades = list(value = c(12, 40, 3, 22, 9, 31, 60, 15), group = c(0, 2, 0, 1, 0, 1, 2, 1)),
  tied_grades = list(value = c(1, 1, 4, 4, 2, 9, 7, 4), group = c(0, 0, 1, 1, 0, 2, 3, 2)))
out <- lapply(sets, function(d) {
  n <- length(d$value); r <- cor(d$value, d$group, method = "spearman")
  half <- qnorm(0.975) * sqrt((1 + r^2 / 2) / (n - 3))
  s <- s_of(d$value, d$group)
  p <- if (length(unique(d$group)) == 2)
    as.numeric(pvalue(wilcox_test(d$value ~ factor(d$group), distribution = "exact")))
  else mean(sapply(all_groups(d$group), function(g) abs(s_of(d$value, g)) >= abs(s) - 1e-9))
  list(value = d$value, group = d$group, statistic = s, p_value = p, correlation = r,
       low = tanh(atanh(r) - half), high = tanh(atanh(r) + half))
})
write_json(out, file.path(here, "rank_association.json"), digits = NA, auto_unbox = TRUE,
           pretty = TRUE)
