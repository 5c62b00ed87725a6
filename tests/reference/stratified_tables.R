# Cochran-Mantel-Haenszel (mantelhaen.test), Breslow-Day with Tarone's correction, the common
# difference with Sato's variance and the common ratio with Greenland and Robins' written out;
# Fisher's test and conditional odds ratio (fisher.test); the exact trend by listing every table.
# Writes stratified_tables.json.
suppressMessages(library(jsonlite))
sets <- list(
  plain = list(k = rbind(c(3, 1), c(5, 2), c(4, 4)), n = rbind(c(5, 6), c(8, 9), c(4, 6))),
  sparse = list(k = rbind(c(1, 0), c(0, 2), c(2, 1), c(1, 1)), n = rbind(c(1, 3), c(2, 2), c(3, 2), c(2, 5))),
  large = list(k = rbind(c(30, 20), c(14, 22), c(9, 3)), n = rbind(c(41, 39), c(33, 40), c(12, 11))),
  one = list(k = rbind(c(8, 10)), n = rbind(c(9, 15))))
out <- lapply(sets, function(x) {
  k <- x$k; n <- x$n; K <- nrow(k)
  cube <- array(0, c(2, 2, K))
  for (i in 1:K) cube[, , i] <- rbind(k[i, ], n[i, ] - k[i, ])
  cmh <- if (K > 1) { t <- mantelhaen.test(cube, correct = FALSE); c(t$statistic, t$p.value) } else {
    m <- sum(k) * n[1, 1] / sum(n); v <- sum(k) * (sum(n) - sum(k)) * prod(n) / (sum(n)^2 * (sum(n) - 1))
    s <- (k[1, 1] - m)^2 / v; c(s, pchisq(s, 1, lower.tail = FALSE)) }
  N <- rowSums(n); a <- k[, 1]; c1 <- k[, 2]; n1 <- n[, 1]; n2 <- n[, 2]
  odds <- sum(a * (n2 - c1) / N) / sum(c1 * (n1 - a) / N)
  bd <- c(NA, NA)
  if (K > 1) {
    fit <- sapply(1:K, function(i) { lo <- max(0, a[i] + c1[i] - n2[i]); hi <- min(n1[i], a[i] + c1[i])
      if (hi == lo) return(lo)
      uniroot(function(x) log(x) + log(n2[i] - a[i] - c1[i] + x) - log(a[i] + c1[i] - x) - log(n1[i] - x) - log(odds),
              c(lo + 1e-12, hi - 1e-12), tol = 1e-14)$root })
    v <- 1 / (1 / fit + 1 / (a + c1 - fit) + 1 / (n1 - fit) + 1 / (n2 - a - c1 + fit))
    keep <- a + c1 > 0 & a + c1 < N
    s <- sum(((a - fit)^2 / v)[keep]) - sum((a - fit)[keep])^2 / sum(v[keep])
    bd <- c(s, pchisq(s, sum(keep) - 1, lower.tail = FALSE))
  }
  w <- n1 * n2 / N; d <- sum(w * (a / n1 - c1 / n2)) / sum(w)
  P <- sum((n1^2 * c1 - n2^2 * a + n1 * n2 * (n2 - n1) / 2) / N^2)
  Q <- sum((a * (n2 - c1) + c1 * (n1 - a)) / (2 * N))
  r <- sum(a * n2 / N) / sum(c1 * n1 / N)
  v_log <- sum((n1 * n2 * (a + c1) - a * c1 * N) / N^2) / (sum(a * n2 / N) * sum(c1 * n1 / N))
  list(k = k, n = n, cmh = cmh, breslow_day = bd, difference = c(d, sqrt(d * P + Q) / sum(w)),
       ratio = c(r, sqrt(v_log)))
})
# Three groups in three strata: the general test of mantelhaen.test.
k3 <- rbind(c(3, 1, 4), c(2, 2, 5), c(0, 3, 1)); n3 <- rbind(c(5, 6, 5), c(6, 4, 7), c(3, 5, 4))
cube <- array(0, c(3, 2, 3)); for (i in 1:3) cube[, , i] <- cbind(k3[i, ], n3[i, ] - k3[i, ])
t3 <- mantelhaen.test(cube, correct = FALSE)
fisher <- do.call(rbind, lapply(list(c(4, 15, 50, 619), c(9, 10, 3, 10), c(8, 8, 10, 15), c(0, 5, 3, 7), c(2, 6, 5, 9)), function(x) {
  t <- fisher.test(rbind(c(x[1], x[2] - x[1]), c(x[3], x[4] - x[3])))
  c(x, t$p.value, if (is.finite(t$estimate)) t$estimate else -9) }))
trend <- lapply(list(list(k = c(1, 3, 5), n = c(6, 6, 6), s = 0:2), list(k = c(0, 2, 2, 4), n = c(3, 5, 4, 5), s = 0:3),
                     list(k = c(3, 1, 1), n = c(4, 3, 6), s = c(0, 1, 4)), list(k = c(2, 2), n = c(3, 5), s = 0:1)), function(x) {
  g <- as.matrix(do.call(expand.grid, lapply(x$n, function(m) 0:m)))
  g <- g[rowSums(g) == sum(x$k), , drop = FALSE]
  p <- exp(rowSums(sapply(seq_along(x$n), function(i) lchoose(x$n[i], g[, i]))) - lchoose(sum(x$n), sum(x$k)))
  t <- as.vector(g %*% x$s); seen <- sum(x$k * x$s); m <- sum(x$k) * sum(x$n * x$s) / sum(x$n)
  list(k = x$k, n = x$n, s = x$s, p = c(sum(p[abs(t - m) >= abs(seen - m) - 1e-9]), sum(p[t >= seen - 1e-9]), sum(p[t <= seen + 1e-9])))
})
write_json(list(r = R.version.string, sets = out,
  three = list(k = k3, n = n3, statistic = as.numeric(t3$statistic), df = as.numeric(t3$parameter), p = t3$p.value),
  fisher_columns = c("k1", "n1", "k2", "n2", "p", "odds_ratio"), fisher = fisher, trend = trend),
  "stratified_tables.json", digits = I(15), na = "null", auto_unbox = TRUE)
