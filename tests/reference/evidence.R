# Pooled rates of trials: rma.glmm (metafor) and glmer (lme4) with 100 quadrature points, the same
# likelihood on a fine grid with its profile limits, the posterior of the Bayesian model on a fine
# grid, and score limits of odds ratios by uniroot(). Writes evidence.json.
#
# Data: this repository's published trials (remission; any CRS; drawn by tests/test_evidence.py from
# the same rule) and oncology benchmarks; Pritz 1997, Nielsen and Weise 2007 (treated arm), D'Amico
# 2009 (control arm) from metadat; Lesnoff 2004 (cbpp, by herd) from lme4.
suppressMessages({ library(jsonlite); library(metafor); library(lme4); library(metadat) })
onco <- read.csv("../../data/published/oncology_benchmarks.csv", stringsAsFactors = FALSE)
onco <- onco[onco$primary == "yes", ]
of <- function(outcome) { d <- onco[onco$outcome == outcome, ]; list(k = d$n_event, n = d$n_evaluable) }
herds <- aggregate(cbind(incidence, size) ~ herd, cbpp, sum)
data <- list(
  remission = list(k = c(8, 5, 1, 3, 2, 5, 12, 12, 5, 4, 3, 11), n = c(8, 6, 1, 3, 3, 7, 13, 15,
    10, 12, 6, 11)),
  crs = list(k = c(4, 3, 3, 0, 7, 1, 13, 0, 0, 0, 12, 3, 0, 11, 9), n = c(6, 3, 6, 3, 8, 7, 15,
    1, 2, 14, 12, 3, 6, 15, 11)),
  oncology_crs = of("CRS any"),
  oncology_severe = of("CRS grade >=3"),
  pritz1997 = with(dat.pritz1997, list(k = xi, n = ni)),
  nielweise2007 = with(dat.nielweise2007, list(k = ai, n = n1i)),
  damico2009 = with(dat.damico2009, list(k = xc, n = nc)),
  cbpp = list(k = herds$incidence, n = herds$size),
  relapse = list(k = c(0, 1, 1, 0, 0, 1, 2), n = c(8, 5, 10, 3, 4, 12, 11)))

tight <- glmerControl(optimizer = "bobyqa", optCtrl = list(maxfun = 1e5, rhoend = 1e-9))
u <- seq(-12, 12, length.out = 6001)
normal <- dnorm(u) * (u[2] - u[1])
loglik <- function(d, m, t) {
  p <- plogis(m + t * u)
  sum(log(mapply(function(k, n) sum(dbinom(k, n, p) * normal), d$k, d$n)))
}
over_tau <- function(d, m) max(loglik(d, m, 0), -optimize(function(t) -loglik(d, m, t), c(0, 12),
                                                          tol = 1e-7)$objective)
pooled <- list()
for (name in names(data)) {
  d <- data[[name]]
  row <- list(n_event = d$k, n = d$n)
  r <- suppressWarnings(rma.glmm(measure = "PLO", xi = d$k, ni = d$n, nAGQ = 100, control =
         list(glmerControl = tight)))
  row$metafor <- c(r$beta, r$se, sqrt(r$tau2))
  frame <- data.frame(k = d$k, n = d$n, s = factor(seq_along(d$k)))
  g <- glmer(cbind(k, n - k) ~ 1 + (1 | s), family = binomial, data = frame, nAGQ = 100,
             control = tight)
  row$lme4 <- c(fixef(g), sqrt(as.matrix(vcov(g))[1, 1]), getME(g, "theta"))
  row$log_likelihood <- loglik(d, fixef(g), getME(g, "theta"))
  if (name %in% c("remission", "pritz1997", "relapse")) {
    best <- optimize(function(m) over_tau(d, m), fixef(g) + c(-0.3, 0.3), maximum = TRUE, tol = 1e-7)
    loss <- function(m) best$objective - over_tau(d, m) - qchisq(0.95, 1) / 2
    row$profile <- c(uniroot(loss, c(best$maximum - 4, best$maximum), tol = 1e-8)$root,
                     uniroot(loss, c(best$maximum, best$maximum + 6), tol = 1e-8)$root)
  }
  pooled[[name]] <- row
}

regress <- function(k, n, level) {
  frame <- data.frame(k = k, n = n, level = factor(level), s = factor(seq_along(k)))
  g <- glmer(cbind(k, n - k) ~ level + (1 | s), family = binomial, data = frame, nAGQ = 100,
             control = tight)
  list(n_event = k, n = n, level = level, levels = levels(frame$level),
       coefficients = unname(fixef(g)), std_error = unname(sqrt(diag(as.matrix(vcov(g))))),
       tau = unname(getME(g, "theta")))
}
costimulation <- onco[onco$outcome == "CRS grade >=3" & onco$costimulation != "mixed", ]
regressions <- list(
  remission_target = regress(data$remission$k, data$remission$n,
    c("CD19", "CD19", "CD19", "CD19", "CD19", "BCMA", "CD19+BCMA", "CD19+BCMA", "CD19+BCMA", "BCMA",
      "CD19", "CD19")),
  oncology_costimulation = with(costimulation, regress(n_event, n_evaluable, costimulation)),
  damico_concealment = with(dat.damico2009, regress(xc, nc, paste("concealed", conceal))))

# Prior: rate of the median trial uniform, tau half-normal with scale 1; midpoints of a fine grid.
bayes <- list()
for (d in list(list(k = c(12, 5, 3), n = c(13, 10, 3)), list(k = c(0, 0, 1, 0), n = c(8, 15, 5, 3)))) {
  m <- seq(-24.975, 24.975, by = 0.05)
  t <- seq(0.025, 5.975, by = 0.05)
  z <- seq(-8, 8, length.out = 321)
  weight <- sapply(t, function(b) {
    like <- sapply(seq_along(d$k), function(i) drop(dbinom(d$k[i], d$n[i],
      plogis(outer(m, b * z, "+"))) |> matrix(length(m)) %*% (dnorm(z) * (z[2] - z[1]))))
    apply(like, 1, prod) * dlogis(m) * dnorm(b)
  })
  weight <- weight / sum(weight)
  # At the edges of cells, so that sums over midpoints are integrals.
  at <- if (sum(d$k) > 5) c(0, 1, 3) else c(-5, -3, -2)
  spread <- c(0.5, 1.5)
  bayes[[length(bayes) + 1]] <- list(n_event = d$k, n = d$n, at = at,
    mean = sapply(at, function(q) sum(weight[m < q, ])),
    tau_at = spread, tau = sapply(spread, function(q) sum(weight[, t < q])),
    new = sapply(at, function(q) sum(weight * pnorm(outer(q - m, t, "/")))))
}

odds <- list()
for (x in list(c(10, 14, 3, 12), c(5, 10, 2, 9), c(0, 14, 3, 12), c(10, 10, 4, 5), c(11, 16, 5, 15))) {
  k <- x[c(1, 3)]; n <- x[c(2, 4)]; N <- sum(n)
  z2 <- function(psi) {
    # Fleiss' quadratic for the first group's expected count given the odds ratio.
    A <- psi - 1; B <- -(psi * (n[1] + sum(k)) + n[2] - sum(k)); C <- psi * n[1] * sum(k)
    a <- if (abs(A) < 1e-12) n[1] * sum(k) / N else (-B - sqrt(B^2 - 4 * A * C)) / (2 * A)
    v <- 1 / (1 / a + 1 / (sum(k) - a) + 1 / (n[1] - a) + 1 / (n[2] - sum(k) + a))
    (k[1] - a)^2 / v * (N - 1) / N - qchisq(0.95, 1)
  }
  middle <- if (k[1] == 0 || k[2] == n[2]) 1e-7 else if (k[1] == n[1] || k[2] == 0) 1e7 else
    k[1] * (n[2] - k[2]) / k[2] / (n[1] - k[1])
  end <- function(far) exp(uniroot(function(l) z2(exp(l)), sort(c(log(middle), far)),
                                   tol = 1e-12)$root)
  odds[[length(odds) + 1]] <- c(x, if (k[1] == 0 || k[2] == n[2]) 0 else end(-14),
                                if (k[1] == n[1] || k[2] == 0) -1 else end(14))
}
write_json(list(r = R.version.string, metafor = as.character(packageVersion("metafor")),
                lme4 = as.character(packageVersion("lme4")), pooled = pooled,
                regressions = regressions, bayes = bayes, odds_columns =
                c("k1", "n1", "k2", "n2", "low", "high_or_minus_one"), odds = do.call(rbind, odds)),
           "evidence.json", digits = I(17), auto_unbox = FALSE)
