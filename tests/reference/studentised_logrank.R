# The log-rank statistic of survival::survdiff in every arrangement of the groups' labels, within
# strata where there are any: its permutation p-value. Writes studentised_logrank.json.
suppressMessages({library(survival); library(jsonlite)})
here <- if (file.exists("tests/reference")) "tests/reference" else "."
sets <- list(
  L1 = list(time = c(3, 8, 12, 20, 25, 30, 34, 40, 41, 50, 60, 70),
            status = c(1, 1, 1, 1, 0, 1, 0, 1, 1, 0, 0, 0), group = rep(1:2, c(3, 9))),
  L2 = list(time = 1:8, status = rep(1, 8), group = c(1, 1, 1, 2, 1, 2, 2, 2)),
  L3 = list(time = 1:6, status = rep(1, 6), group = c(1, 1, 1, 2, 2, 2)),
  L4 = list(time = c(5, 5, 8, 8, 8, 12, 15, 15, 20, 22, 30),
            status = c(1, 1, 1, 0, 1, 1, 0, 1, 1, 0, 0), group = c(1, 1, 1, 1, 2, 1, 2, 2, 2, 2, 2)),
  L5 = list(time = 10 * 1:10, status = c(1, 0, 1, 0, 0, 1, 0, 0, 0, 0),
            group = c(1, 1, 2, 2, 2, 1, 2, 2, 2, 2)),
  L6 = list(time = c(2, 4, 5, 6, 7, 30, 31, 60, 70, 80), status = c(1, 0, 0, 1, 0, 1, 1, 0, 0, 1),
            group = rep(1:2, each = 5)),
  three_groups = list(time = c(2, 4, 4, 7, 9, 12, 15, 15, 21), status = c(1, 1, 1, 0, 1, 1, 1, 0, 1),
                      group = c(1, 1, 2, 1, 2, 3, 2, 3, 3)),
  strata = list(time = c(3, 5, 6, 8, 9, 12, 14, 15, 20, 25), status = c(1, 1, 0, 1, 1, 1, 1, 0, 1, 0),
                group = c(1, 1, 2, 1, 2, 2, 1, 2, 2, 2), strata = rep(1:2, each = 5))
)
# Every way to order a set of labels.
orders <- function(labels) {
  if (length(labels) == 1) return(list(labels))
  found <- list()
  for (first in unique(labels)) {
    rest <- labels[-match(first, labels)]
    found <- c(found, lapply(orders(rest), function(o) c(first, o)))
  }
  found
}
statistic <- function(d, group) {
  s <- if (is.null(d$strata)) rep(1, length(group)) else d$strata
  fit <- tryCatch(survdiff(Surv(d$time, d$status) ~ group + strata(s)), error = function(e) NULL)
  if (is.null(fit) || !is.finite(fit$chisq)) 0 else fit$chisq
}
found <- lapply(sets, function(d) {
  blocks <- if (is.null(d$strata)) list(seq_along(d$time)) else split(seq_along(d$time), d$strata)
  every <- lapply(blocks, function(rows) orders(d$group[rows]))
  grid <- expand.grid(lapply(every, seq_along))
  all <- apply(grid, 1, function(pick) {
    g <- d$group
    for (b in seq_along(blocks)) g[blocks[[b]]] <- every[[b]][[pick[b]]]
    statistic(d, g)
  })
  seen <- statistic(d, d$group)
  c(d, list(statistic = seen, n_arrangements = length(all),
            n_extreme = sum(all >= seen - 1e-9 * max(1, seen)),
            n_most = sum(all >= max(all) - 1e-9 * max(1, max(all)))))
})
write_json(found, file.path(here, "studentised_logrank.json"), digits = NA, auto_unbox = TRUE,
           pretty = TRUE)
