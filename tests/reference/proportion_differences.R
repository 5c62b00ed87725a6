# Two proportions: Miettinen-Nurminen and Mee limits of the difference, Koopman and Miettinen-Nurminen
# of the ratio, by maximising the likelihood numerically under the supposed contrast (no closed
# form); Newcombe's hybrid from prop.test; the exact unconditional p-values (Barnard, Boschloo,
# Chan-Zhang) and limits by a fine grid over the nuisance. Writes proportion_differences.json.
suppressMessages(library(jsonlite))
log_lik <- function(k, n, p) {
  (if (k > 0) k * log(p) else 0) + (if (k < n) (n - k) * log1p(-p) else 0)
}
fitted <- function(k, n, value, ratio) {   # proportions under the contrast, by optimisation
  first <- function(p) if (ratio) p * value else p + value
  low <- if (ratio) 0 else max(0, -value); high <- if (ratio) min(1, 1 / value) else min(1, 1 - value)
  if (high - low < 1e-14) return(c(first(low), low))
  f <- function(p) log_lik(k[1], n[1], min(1, max(0, first(p)))) + log_lik(k[2], n[2], min(1, max(0, p)))
  # The derivative's root is sharper than the maximum itself.
  slope <- function(p) {
    a <- first(p); d <- if (ratio) value else 1
    d * (if (k[1] > 0) k[1] / a else 0) - d * (if (k[1] < n[1]) (n[1] - k[1]) / (1 - a) else 0) +
      (if (k[2] > 0) k[2] / p else 0) - (if (k[2] < n[2]) (n[2] - k[2]) / (1 - p) else 0)
  }
  inner <- low + (high - low) * c(1e-13, 1 - 1e-13)
  s <- sapply(inner, slope)
  p <- if (s[1] <= 0) low else if (s[2] >= 0) high else uniroot(slope, inner, tol = 1e-15)$root
  c(min(1, max(0, first(p))), p)
}
statistic <- function(k, n, value, ratio, corrected) {
  p <- fitted(k, n, value, ratio); f <- if (ratio) value else 1
  excess <- k[1] / n[1] - f * k[2] / n[2] - (if (ratio) 0 else value)
  v <- p[1] * (1 - p[1]) / n[1] + f^2 * p[2] * (1 - p[2]) / n[2]
  if (corrected) v <- v * sum(n) / (sum(n) - 1)
  if (v < 1e-15) return(if (abs(excess) < 1e-12) 0 else sign(excess) * Inf)
  excess / sqrt(v)
}
limits <- function(k, n, ratio, corrected, level = 0.95) {
  z <- qnorm(0.5 + level / 2)
  value <- function(u) if (ratio) u / (1 - u) else 2 * u - 1
  sapply(c(z, -z), function(target) {
    low <- 0; high <- 1 - (if (ratio) 1e-9 else 0)
    edge <- statistic(k, n, value(if (target > 0) 1e-9 else 1 - 1e-9), ratio, corrected)
    if (target > 0 && edge < target) return(if (ratio) 0 else -1)
    if (target < 0 && edge > target) return(if (ratio) -9 else 1)   # -9 stands for infinity
    for (i in 1:50) {
      middle <- (low + high) / 2
      s <- statistic(k, n, value(middle), ratio, corrected)
      if (if (target > 0) s >= target else s > target) low <- middle else high <- middle
    }
    value((low + high) / 2)
  })
}
newcombe <- function(k, n) {
  w <- sapply(1:2, function(i) suppressWarnings(prop.test(k[i], n[i], correct = FALSE))$conf.int)
  p <- k / n; d <- p[1] - p[2]
  c(d - sqrt((p[1] - w[1, 1])^2 + (w[2, 2] - p[2])^2), d + sqrt((w[2, 1] - p[1])^2 + (p[2] - w[1, 2])^2))
}
pairs <- list(c(1, 1), c(1, 2), c(3, 3), c(2, 5), c(5, 7), c(8, 15), c(10, 4))
extra <- list(c(56, 70, 48, 80), c(9, 10, 3, 10), c(5, 56, 0, 29), c(10, 10, 0, 20), c(7, 34, 1, 34))
cells <- do.call(rbind, lapply(pairs, function(n)
  as.matrix(expand.grid(k1 = 0:n[1], n1 = n[1], k2 = 0:n[2], n2 = n[2]))))
cells <- rbind(cells, do.call(rbind, extra))
asymptotic <- t(apply(cells, 1, function(x) {
  k <- x[c(1, 3)]; n <- x[c(2, 4)]
  c(x, limits(k, n, FALSE, TRUE), limits(k, n, FALSE, FALSE), newcombe(k, n),
    limits(k, n, TRUE, TRUE), limits(k, n, TRUE, FALSE))
}))
# Exact: every table at every nuisance of a fine grid, then finer around the largest.
z_pooled <- function(n) outer(0:n[1], 0:n[2], Vectorize(function(a, b) {
  p <- (a + b) / sum(n); v <- p * (1 - p) * sum(1 / n)
  if (v == 0) 0 else (a / n[1] - b / n[2]) / sqrt(v)
}))
fisher_all <- function(n) outer(0:n[1], 0:n[2], Vectorize(function(a, b)
  fisher.test(matrix(c(a, n[1] - a, b, n[2] - b), 2))$p.value))
largest <- function(mask, n) {
  chance <- function(p) sapply(p, function(q) sum(outer(dbinom(0:n[1], n[1], q), dbinom(0:n[2], n[2], q))[mask]))
  grid <- seq(0, 1, length.out = 501); value <- chance(grid)
  near <- order(value, decreasing = TRUE)[1:8]
  max(sapply(near, function(i) optimize(chance, grid[c(max(1, i - 1), min(501, i + 1))],
                                        maximum = TRUE, tol = 1e-10)$objective))
}
exact_pairs <- list(c(1, 1), c(3, 3), c(5, 5), c(5, 7), c(4, 9), c(10, 10))
exact <- do.call(rbind, lapply(exact_pairs, function(n) {
  z <- z_pooled(n); f <- fisher_all(n)
  do.call(rbind, lapply(0:n[1], function(a) do.call(rbind, lapply(0:n[2], function(b) {
    s <- z[a + 1, b + 1]
    c(a, n[1], b, n[2], largest(abs(z) >= abs(s) - 1e-9, n), largest(f <= f[a + 1, b + 1] * (1 + 1e-7), n),
      min(1, 2 * largest(z >= s - 1e-9, n), 2 * largest(z <= s + 1e-9, n)), f[a + 1, b + 1])
  }))))
}))
# Limits of Chan and Zhang for some tables: the outermost values not rejected, on a grid of 2,000.
one_sided <- function(k, n, value, upper) {
  z <- outer(0:n[1], 0:n[2], Vectorize(function(a, b) statistic(c(a, b), n, value, FALSE, FALSE)))
  s <- z[k[1] + 1, k[2] + 1]
  mask <- if (upper) z >= s - 1e-7 else z <= s + 1e-7
  p2 <- seq(max(0, -value), min(1, 1 - value), length.out = 1001)
  max(sapply(p2, function(q) sum(outer(dbinom(0:n[1], n[1], min(1, max(0, q + value))), dbinom(0:n[2], n[2], q))[mask])))
}
chan_zhang <- function(k, n) {
  edge <- function(upper) {
    grid <- seq(-1, 1, by = 0.02); if (!upper) grid <- rev(grid)
    keep <- Find(function(i) one_sided(k, n, grid[i], upper) >= 0.025, seq_along(grid))
    if (keep == 1) return(grid[1])
    out <- grid[keep - 1]; inside <- grid[keep]
    for (i in 1:24) { m <- (out + inside) / 2; if (one_sided(k, n, m, upper) >= 0.025) inside <- m else out <- m }
    inside
  }
  c(edge(TRUE), edge(FALSE))
}
some <- list(c(0, 3, 0, 3), c(3, 3, 0, 3), c(1, 4, 3, 5), c(5, 5, 3, 5), c(0, 5, 0, 7), c(4, 4, 4, 6))
cz <- do.call(rbind, lapply(some, function(x) c(x, chan_zhang(x[c(1, 3)], x[c(2, 4)]))))
write_json(list(r = R.version.string,
  columns = c("k1", "n1", "k2", "n2", "mn_low", "mn_high", "mee_low", "mee_high", "newcombe_low", "newcombe_high",
              "mn_ratio_low", "mn_ratio_high", "koopman_low", "koopman_high"), rows = asymptotic,
  exact_columns = c("k1", "n1", "k2", "n2", "barnard", "boschloo", "chan_zhang", "fisher"), exact = exact,
  limits_columns = c("k1", "n1", "k2", "n2", "low", "high"), limits = cz),
  "proportion_differences.json", digits = I(15), na = "null")
