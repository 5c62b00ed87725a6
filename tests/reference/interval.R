# Interval-censored times. Debian has no package for the nonparametric estimator on (L, R] or for its
# tests, so that both are written here from their definitions, by other algorithms than carstats':
# cells between all ends, dominated cells dropped, and expectation-maximisation alone to 1e-13;
# scores and exact permutation by enumeration. Accelerated failure time models by survreg.
# Reads bcos.csv (Finkelstein and Wolfe 1985, as in the R package interval). Writes interval.json.
suppressMessages({library(survival); library(jsonlite)})

bcos <- read.csv("bcos.csv")
bcos <- data.frame(low = bcos$left, high = bcos$right, group = as.integer(bcos$treatment == "RadChem") + 1)
set.seed(20240605)
visits <- function(n, every, k = 2, missed = 0.2) {
  t <- rexp(n, 0.02) * rep(seq(1, 1.5, length.out = k), length.out = n)
  at <- lapply(1:n, function(i) { v <- seq(every, 8 * every, every); v[runif(8) > missed] })
  low <- mapply(function(t, v) max(0, v[v < t]), t, at)
  high <- suppressWarnings(mapply(function(t, v) min(v[v >= t]), t, at))
  data.frame(low = low, high = high, group = rep(1:k, length.out = n))
}
mixed <- visits(40, 12)
known <- sample(which(is.finite(mixed$high)), 8)
mixed[known, c("low", "high")] <- mixed$high[known] - 3
right <- data.frame(low = c(3, 5, 5, 7, 8, 8, 9, 12), high = c(3, 5, Inf, 7, Inf, 8, Inf, 12), group = rep(1:2, 4))
tiny <- data.frame(low = c(0, 2, 4, 6, 1, 3, 7, 5, 9, 8), high = c(2, 5, 6, Inf, 3, 7, Inf, 9, Inf, 12), group = rep(1:2, each = 5))
data_sets <- list(
  bcos = bcos, bcos_rad = subset(bcos, group == 1), bcos_chem = subset(bcos, group == 2),
  visits = visits(60, 10, 3), frequent = visits(50, 4), mixed = mixed, right_censored = right, tiny = tiny,
  touching = data.frame(low = c(0, 2, 2, 4, 4), high = c(2, 4, 2, 6, Inf), group = c(1, 2, 1, 2, 1)),
  left_censored = data.frame(low = 0, high = c(3, 5, 8), group = c(1, 2, 2)),
  one_interval = data.frame(low = 3, high = 8, group = 1), one_censored = data.frame(low = 3, high = Inf, group = 1),
  one_exact = data.frame(low = 3, high = 3, group = 1),
  all_censored = data.frame(low = c(3, 4, 9), high = Inf, group = c(1, 2, 2)),
  all_tied = data.frame(low = c(7, 7, 7, 7), high = c(7, 7, 7, 7), group = c(1, 1, 2, 2)),
  at_zero = data.frame(low = c(0, 0, 0, 4, 5), high = c(0, 3, 6, 4, Inf), group = c(1, 2, 1, 2, 2)))

npmle <- function(d) {
  ends <- sort(unique(c(d$low, d$high)))
  # Cells are the ends themselves and the open intervals between them.
  from <- c(ends, ends[-length(ends)]); to <- c(ends, ends[-1])
  point <- rep(c(TRUE, FALSE), c(length(ends), length(ends) - 1))
  o <- order(from, !point); from <- from[o]; to <- to[o]; point <- point[o]
  a <- outer(seq_len(nrow(d)), seq_along(from), Vectorize(function(i, j) {
    if (d$low[i] == d$high[i]) point[j] && from[j] == d$low[i]
    else if (point[j]) d$low[i] < from[j] && from[j] <= d$high[i]
    else d$low[i] <= from[j] && to[j] <= d$high[i]
  })) * 1
  a <- matrix(a, nrow(d))
  # A cell whose subjects are all in another cell too needs no mass; of equal cells the last stays.
  m <- ncol(a)
  keep <- sapply(1:m, function(j) sum(a[, j]) > 0 && !any(sapply(setdiff(1:m, j), function(k)
    all(a[, j] <= a[, k]) && (any(a[, j] < a[, k]) || k > j))))
  a <- a[, keep, drop = FALSE]; at <- to[keep]
  p <- rep(1 / ncol(a), ncol(a))
  for (step in 1:400000) {
    slope <- as.vector(crossprod(a, 1 / as.vector(a %*% p))) / nrow(d)
    if (max(slope - 1, abs(slope - 1)[p > 0]) < 1e-13) break
    p <- p * slope
    p[p < 1e-14 & slope < 1 - 1e-6] <- 0
    p <- p / sum(p)
  }
  list(a = a, at = at, p = p, loglik = sum(log(a %*% p)), kkt = max(slope) - 1)
}
# Survival at every end, with the mass of a maximal cell at its last end: the curve's upper bound.
upper <- function(f, t) sapply(t, function(t) sum(f$p[f$at > t + 1e-9]))
scores <- function(d, f, kind) {
  s <- c(1, pmax(1 - cumsum(f$p), 0)); s[length(s)] <- 0
  first <- apply(f$a, 1, function(r) min(which(r > 0))); last <- apply(f$a, 1, function(r) max(which(r > 0)))
  hazard <- ifelse(s[-length(s)] > 1e-12, f$p / s[-length(s)], 0)
  g <- switch(kind, Sun = s * -c(0, cumsum(hazard)), Finkelstein = ifelse(s > 0, s * log(pmax(s, 1e-300)), 0),
              Wilcoxon = -s * (1 - s))
  (g[first] - g[last + 1]) / (s[first] - s[last + 1])
}
test <- function(d, f, kind) {
  x <- scores(d, f, kind); g <- factor(d$group); n <- length(x)
  size <- as.vector(table(g)); sums <- as.vector(tapply(x, g, sum))
  out <- list(scores = x, statistic = (n - 1) / sum((x - mean(x))^2) * sum((sums - size * mean(x))^2 / size))
  if (nlevels(g) == 2 && choose(n, size[2]) < 5000) {
    all <- combn(n, size[2], function(i) sum(x[i])) - size[2] * mean(x)
    out$exact <- mean(abs(all) >= abs(sums[2] - size[2] * mean(x)) - 1e-9)
  }
  out
}
aft <- function(d, dist, covariate) {
  low <- ifelse(d$low == 0, NA, d$low); high <- ifelse(is.finite(d$high), d$high, NA)
  use <- !(is.na(low) & is.na(high))
  d <- d[use, ]; y <- Surv(low[use], high[use], type = "interval2")
  f <- survreg(if (covariate) y ~ factor(group) else y ~ 1, d, dist = dist,
               control = survreg.control(rel.tolerance = 1e-14, maxiter = 200))
  list(coef = unname(coef(f)), scale = f$scale, var = unname(vcov(f)), loglik = f$loglik)
}
# survfit has the same estimator, with each mass at the middle of its interval; it stops early.
midpoints <- function(d) {
  low <- ifelse(d$low == 0, NA, d$low); high <- ifelse(is.finite(d$high), d$high, NA)
  f <- survfit(Surv(low, high, type = "interval2") ~ 1)
  list(time = f$time, survival = f$surv)
}
fitted <- c("bcos", "bcos_rad", "bcos_chem", "visits", "frequent", "mixed", "right_censored", "tiny")
out <- list()
for (name in names(data_sets)) {
  d <- data_sets[[name]]
  f <- npmle(d)
  times <- sort(unique(c(d$low, d$high[is.finite(d$high)])))
  answer <- list(data = list(low = d$low, high = d$high, group = d$group),
                 npmle = list(loglik = f$loglik, kkt = f$kkt, time = times, survival = upper(f, times)),
                 tests = setNames(list(), character(0)), aft = setNames(list(), character(0)))
  if (length(unique(d$group)) > 1)
    for (kind in c("Sun", "Finkelstein", "Wilcoxon")) answer$tests[[kind]] <- test(d, f, kind)
  if (name %in% fitted) {
    answer$survfit <- midpoints(d[d$low > 0 | is.finite(d$high), ])
    for (dist in c("weibull", "loglogistic")) for (covariate in c(FALSE, length(unique(d$group)) > 1))
      answer$aft[[paste(dist, if (covariate) "by group" else "alone")]] <- aft(d, dist, covariate)
  }
  out[[name]] <- answer
}
write_json(list(r = R.version.string, survival = as.character(packageVersion("survival")), data_sets = out),
           "interval.json", digits = I(17), auto_unbox = FALSE, na = "string")
