# Log-rank tests: survival::survdiff, coin::logrank_test (exact for two groups, approximate and
# asymptotic with strata), and a definition written out here for the weights and for left truncation
# that they lack. Writes logrank.json.
suppressMessages({library(survival); library(coin); library(jsonlite)})

six_mp <- c(6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35)
six_mp_status <- c(1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0)
placebo <- c(1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23)
set.seed(20240603)
lung2 <- subset(lung, !is.na(ph.ecog))
small <- data.frame(time = sample(1:6, 16, TRUE), status = rbinom(16, 1, 0.7),
                    group = rep(0:1, 8), strata = rep(0:2, c(6, 5, 5)))
truncated <- data.frame(time = c(5, 7, 7, 9, 12, 3, 15, 8, 11, 4, 9, 20),
                        entry = c(0, 2, 5, 0, 7, 0, 9, 3, 3, 1, 8, 5),
                        status = c(1, 1, 0, 1, 1, 1, 0, 1, 1, 0, 1, 1),
                        group = rep(0:1, 6), strata = rep(0:1, each = 6))
data_sets <- list(
  freireich = data.frame(time = c(six_mp, placebo), status = c(six_mp_status, rep(1, 21)),
                         group = rep(0:1, each = 21), strata = rep(0:2, 14)),
  veteran = data.frame(time = veteran$time, status = veteran$status, group = veteran$trt - 1,
                       strata = as.integer(veteran$celltype) - 1),
  veteran_cells = data.frame(time = veteran$time, status = veteran$status,
                             group = as.integer(veteran$celltype) - 1, strata = veteran$trt - 1),
  lung = data.frame(time = lung2$time, status = lung2$status - 1, group = lung2$sex - 1,
                    strata = pmin(lung2$ph.ecog, 2)),
  lung_ecog = data.frame(time = lung2$time, status = lung2$status - 1,
                         group = pmin(lung2$ph.ecog, 2), strata = lung2$sex - 1),
  ovarian = data.frame(time = ovarian$futime, status = ovarian$fustat, group = ovarian$rx - 1,
                       strata = ovarian$resid.ds - 1),
  small = small,
  truncated = truncated,
  event_at_zero = data.frame(time = c(0, 0, 2, 5, 8, 3), status = c(1, 0, 1, 0, 1, 1),
                             group = c(0, 1, 0, 1, 0, 1), strata = 0),
  nobody_in_one_arm = data.frame(time = c(3, 6, 8, 4, 9, 9), status = c(1, 1, 1, 0, 0, 0),
                                 group = c(0, 0, 0, 1, 1, 1), strata = 0),
  two_subjects = data.frame(time = c(1, 2), status = c(1, 1), group = c(0, 1), strata = 0),
  all_tied = data.frame(time = c(4, 4, 4, 4), status = 1, group = c(0, 0, 1, 1), strata = 0),
  no_event = data.frame(time = c(2, 4, 6, 8), status = 0, group = c(0, 1, 0, 1), strata = 0))

# By the definition: every event time of every stratum in turn.
defined <- function(d, weight, stratified, trend = NULL) {
  if (is.null(d$entry)) d$entry <- -Inf
  if (!stratified) d$strata <- 0
  groups <- sort(unique(d$group)); G <- length(groups)
  O <- E <- numeric(G); V <- matrix(0, G, G)
  for (s in unique(d$strata)) {
    x <- d[d$strata == s, ]; km <- 1; pp <- 1
    for (t in sort(unique(x$time[x$status == 1]))) {
      risk <- x$entry < t & x$time >= t; fail <- x$time == t & x$status == 1
      n <- sum(risk); k <- sum(fail); pp <- pp * (1 - k / (n + 1))
      w <- switch(weight, "log-rank" = 1, "Gehan-Wilcoxon" = n, "Tarone-Ware" = sqrt(n),
                  "Peto-Peto" = pp, "FH 1 0" = km, "FH 0 1" = 1 - km, "FH 1 1" = km * (1 - km),
                  "FH 0.5 0.5" = sqrt(km * (1 - km)))
      ng <- sapply(groups, function(g) sum(risk & x$group == g))
      O <- O + w * sapply(groups, function(g) sum(fail & x$group == g))
      E <- E + w * k * ng / n
      if (n > 1) V <- V + w^2 * k * (n - k) / (n - 1) * (diag(ng / n, G) - outer(ng, ng) / n^2)
      km <- km * (1 - k / n)
    }
  }
  U <- O - E
  if (!is.null(trend)) {
    v <- drop(trend %*% V %*% trend)
    return(list(statistic = if (v > 1e-12) sum(trend * U)^2 / v else NA))
  }
  ok <- diag(V) > 1e-12
  list(observed = O, expected = E, variance = V,
       statistic = if (sum(ok) > 1) drop(U[ok][-1] %*% solve(V[ok, ok][-1, -1], U[ok][-1])) else NA)
}
weights <- c("log-rank", "Gehan-Wilcoxon", "Tarone-Ware", "Peto-Peto", "FH 1 0", "FH 0 1", "FH 1 1",
             "FH 0.5 0.5")

survdiffs <- function(d, rho, stratified) {
  f <- if (stratified) Surv(time, status) ~ group + strata(strata) else Surv(time, status) ~ group
  s <- survdiff(f, d, rho = rho)
  total <- function(x) if (is.matrix(x)) rowSums(x) else x
  list(observed = total(s$obs), expected = total(s$exp), variance = s$var, statistic = s$chisq)
}

# coin's name and parameters for each weight that it has; its Prentice-Marek is SAS's PETO.
in_coin <- list("log-rank" = list(type = "logrank"), "Gehan-Wilcoxon" = list(type = "Gehan-Breslow"),
  "Tarone-Ware" = list(type = "Tarone-Ware"), "Peto-Peto" = list(type = "Prentice-Marek"),
  "FH 1 1" = list(type = "Fleming-Harrington", rho = 1, gamma = 1))
coin_test <- function(d, weight, stratified, distribution, within = TRUE) {
  d$group <- factor(d$group); d$strata <- factor(d$strata)
  o <- in_coin[[weight]]
  if (!stratified) {
    t <- do.call(logrank_test, c(list(Surv(time, status) ~ group, d, distribution = distribution), o))
  } else if (!within) {
    # coin's own: scores made from everyone, permuted within strata.
    t <- do.call(logrank_test, c(list(Surv(time, status) ~ group | strata, d,
                                      distribution = distribution), o))
  } else {
    # The stratified log-rank statistic: scores made within strata.
    weighting <- function(time, n.risk, n.event) do.call(logrank_weight, c(list(time, n.risk, n.event), o))
    d$score <- NA
    for (s in levels(d$strata)) {
      rows <- d$strata == s
      d$score[rows] <- logrank_trafo(Surv(d$time[rows], d$status[rows]),
        weight = function(time, n.risk, n.event, ...) weighting(time, n.risk, n.event))
    }
    t <- independence_test(score ~ group | strata, d, distribution = distribution,
                           teststat = if (nlevels(d$group) == 2) "scalar" else "quadratic")
  }
  # Of the first group, and with the sign of coin's scores: expected minus observed.
  list(statistic = as.numeric(statistic(t)), p_value = as.numeric(pvalue(t)))
}

out <- list()
for (name in names(data_sets)) {
  d <- data_sets[[name]]
  one <- list(data = as.list(d), defined = list(), survdiff = list(), coin = list())
  trend <- seq_along(unique(d$group))^2
  for (stratified in c(FALSE, TRUE)) {
    how <- if (stratified) "stratified" else "plain"
    for (w in weights) {
      one$defined[[paste(w, how)]] <- defined(d, w, stratified)
      one$defined[[paste(w, how, "trend")]] <- defined(d, w, stratified, trend)
    }
    if (is.null(d$entry) && sum(d$status) > 0 && name != "all_tied") {
      for (rho in c(0, 0.5, 1)) one$survdiff[[paste(rho, how)]] <- survdiffs(d, rho, stratified)
    }
    # coin stops where a stratum of `all_tied` or `no_event` leaves no variance.
    if (is.null(d$entry) && !(name %in% c("all_tied", "no_event", "two_subjects")) &&
        (!stratified || length(unique(d$strata)) > 1)) {
      for (w in names(in_coin)) {
        one$coin[[paste(w, how, "asymptotic")]] <- coin_test(d, w, stratified, "asymptotic")
      }
      if (!stratified && length(unique(d$group)) == 2 && nrow(d) <= 50) for (w in names(in_coin)) {
        one$coin[[paste(w, how, "exact")]] <- coin_test(d, w, FALSE, "exact")
      }
      if (stratified) for (w in names(in_coin)) {
        one$coin[[paste(w, "overall asymptotic")]] <- coin_test(d, w, TRUE, "asymptotic", FALSE)
      }
      if (stratified) for (w in c("log-rank", "Peto-Peto")) {
        set.seed(1)
        one$coin[[paste(w, how, "approximate")]] <-
          coin_test(d, w, TRUE, approximate(nresample = 200000))
      }
    }
  }
  out[[name]] <- one
}
write_json(list(r = R.version.string, survival = as.character(packageVersion("survival")),
                coin = as.character(packageVersion("coin")), data_sets = out),
           "logrank.json", digits = I(17), auto_unbox = FALSE, na = "null")
