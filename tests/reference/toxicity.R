# Rates of events (MASS::glm.nb, sandwich), mean cumulative counts (survfit, mets, Nelson's valve
# seats), durations (survfit), cumulative incidence (cmprsk, survfit). Writes toxicity.json.
suppressMessages({library(jsonlite); library(survival); library(MASS); library(sandwich)
                  library(cmprsk); library(mets)})
set.seed(20240607)

# Counts per subject with their exposure: glm.nb with and without a factor; Poisson with HC0.
counts <- list()
for (name in c("wide", "mild", "small")) {
  n <- c(wide = 60, mild = 40, small = 12)[[name]]
  group <- rep(0:1, length.out = n)
  exposure <- round(runif(n, 30, 900))
  size <- c(wide = 0.6, mild = 1.5, small = 0.8)[[name]]
  y <- rnbinom(n, size = size, mu = exposure / 365.25 * exp(0.3 + 0.5 * group))
  tight <- glm.control(epsilon = 1e-12, maxit = 200)
  for (design in c("one", "two")) {
    f <- if (design == "one") y ~ 1 + offset(log(exposure)) else y ~ group + offset(log(exposure))
    nb <- glm.nb(f, control = tight)
    po <- glm(f, family = poisson, control = tight)
    counts[[length(counts) + 1]] <- list(
      data = name, design = design, y = y, exposure = exposure, group = group,
      nb = unname(coef(nb)), nb_se = unname(summary(nb)$coefficients[, 2]), theta = nb$theta,
      nb_log_likelihood = as.numeric(logLik(nb)), poisson = unname(coef(po)),
      robust_se = unname(sqrt(diag(sandwich(po)))))
  }
}

# Mean cumulative count without deaths: Nelson's valve seats, survfit's cumulative hazard with its
# infinitesimal jackknife over the engines.
seats <- valveSeat
seats$start <- ave(seats$time, seats$id, FUN = function(t) c(0, head(t, -1)))
seats <- subset(seats, time > start | status == 1)
tied <- seats$time == seats$start          # two seats replaced on one day: half a day earlier
seats$start[tied] <- seats$start[tied] - 0.5
seats$time[which(tied) - 1] <- seats$time[which(tied) - 1] - 0.5
fit <- survfit(Surv(start, time, status) ~ 1, data = seats, id = id, cluster = id)
valve <- list(id = seats$id, time = seats$time, status = seats$status,
              at = fit$time, mcf = fit$cumhaz, se = fit$std.chaz)

# With deaths: the mean by its definition, sum of S(t-) dN/Y, its error by weighting each subject up
# and down (independent of any formula for the variance), and mets::recurrentMarginal.
make <- function(n) {
  rows <- lapply(1:n, function(i) {
    frail <- rgamma(1, 2, 2)
    end <- round(runif(1, 50, 700)) + 0.5
    death <- rexp(1, 1 / 1500)
    stop <- min(end + i / 2000, round(death) + 0.25 + i / 2000)
    t <- cumsum(rexp(30, frail / 200))
    t <- sort(unique(round(t))) + i / 1000   # mets takes no two events at one time
    t <- t[t < stop & t > 0]
    data.frame(id = i, entry = c(0, t), time = c(t, stop),
               status = c(rep(1, length(t)), 0), death = c(rep(0, length(t)), stop < end + i / 2000))
  })
  do.call(rbind, rows)
}
marginal <- function(d, w, at) {
  ends <- tapply(d$time, d$id, max)
  grid <- sort(unique(d$time)); S <- 1; m <- 0; out <- numeric(length(at))
  for (t in grid) {
    Y <- sum(w[ends >= t])
    m <- m + S * sum(w[d$id[d$time == t & d$status == 1]]) / Y
    S <- S * (1 - sum(w[d$id[d$time == t & d$death == 1]]) / Y)
    out[at >= t] <- m
  }
  out
}
at <- c(50, 100, 200, 365, 500)
recurrent <- list()
for (n in c(8, 40)) {
  d <- make(n)
  w <- rep(1, n)
  h <- 1e-4
  influence <- sapply(1:n, function(i) {
    up <- down <- w; up[i] <- 1 + h; down[i] <- 1 - h
    (marginal(d, up, at) - marginal(d, down, at)) / (2 * h)
  })
  xr <- phreg(Surv(entry, time, status) ~ cluster(id), data = d)
  dr <- phreg(Surv(entry, time, death) ~ cluster(id), data = d)
  out <- recurrentMarginal(xr, dr)
  place <- findInterval(at, out$times)
  recurrent[[length(recurrent) + 1]] <- list(
    data = d, at = at, mean = marginal(d, w, at), se = sqrt(rowSums(influence^2)),
    mets_mean = out$mu[place], mets_se = out$se.mu[place])
}
# A small study: first episodes with death competing, four estimators, durations with ongoing ones.
n <- 60
contact <- round(runif(n, 20, 700))
death <- ifelse(runif(n) < 0.25, contact, NA)
onset <- round(rexp(n, 1 / 250))
onset[onset > contact] <- NA
stop <- ifelse(runif(n) < 0.7, onset + rpois(n, 12), NA)
stop <- ifelse(!is.na(stop) & stop > contact, NA, stop)
time <- pmin(onset, contact, na.rm = TRUE)
state <- ifelse(!is.na(onset), 1, ifelse(!is.na(death), 2, 0))
group <- rep(c("CD19", "BCMA"), length.out = n)
days <- c(30, 100, 200, 365)
incidence <- lapply(c("CD19", "BCMA"), function(g) {
  w <- group == g
  aj <- survfit(Surv(time[w], factor(state[w], 0:2)) ~ 1, conf.type = "log-log")
  s <- summary(aj, times = days, extend = TRUE)
  ci <- timepoints(cuminc(time[w], state[w]), days)
  km <- summary(survfit(Surv(time[w], state[w] == 1) ~ 1), times = days, extend = TRUE)
  k <- sapply(days, function(d) sum(time[w] <= d & state[w] == 1))
  rate <- k / sapply(days, function(d) sum(pmin(time[w], d)))
  list(group = g, at = days, estimate = s$pstate[, 2], se = s$std.err[, 2], low = s$lower[, 2],
       high = s$upper[, 2], cuminc = unname(ci$est[1, ]), one_minus_km = 1 - km$surv,
       density = 1 - exp(-rate * days), proportion = k / sum(w))
})
had <- !is.na(onset)
length_of <- ifelse(is.na(stop), contact, stop) - onset + 1
fit <- survfit(Surv(length_of[had], !is.na(stop[had])) ~ 1, conf.type = "log-log")
duration <- list(time = fit$time, surv = fit$surv, se = fit$std.err * fit$surv, low = fit$lower,
                 high = fit$upper, median = unname(quantile(fit, 0.5)$quantile))
first <- poisson.test(sum(had), sum(time + 1) / 365.25)
study <- list(contact = contact, death = death, onset = onset, stop = stop, group = group,
              incidence = incidence, duration = duration,
              first_rate = c(first$estimate, first$conf.int))

# Medians: the order statistics of the binomial, by its quantile function.
medians <- lapply(c(1, 5, 6, 9, 10, 25, 60, 101), function(n) {
  r <- qbinom(0.025, n, 0.5)
  while (r > 0 && pbinom(r - 1, n, 0.5) > 0.025) r <- r - 1
  x <- round(rexp(n), 4)
  limits <- if (r > 0) sort(x)[c(r, n + 1 - r)] else c(NA, NA)
  list(x = I(x), median = median(x), limits = limits, quartiles = unname(quantile(x, c(.25, .75))))
})

# The beta-binomial by its definition: likelihood by lbeta, its maximum by optim, the posterior and
# the probabilities by adaptive integration over the correlation and the mean.
bb <- function(k, n, m, r) {
  a <- m * (1 - r) / r; b <- (1 - m) * (1 - r) / r
  sum(lchoose(n, k) + lbeta(a + k, b + n - k) - lbeta(a, b))
}
trials <- list(list(k = c(3, 4, 12), n = c(127, 97, 236)),
               list(k = c(13, 12, 6, 10, 10, 13), n = c(101, 146, 269, 117, 68, 55)),
               list(k = c(58, 64, 35, 20), n = c(75, 111, 80, 90)))
beta_binomial <- lapply(trials, function(t) {
  best <- optim(c(qlogis(sum(t$k) / sum(t$n)), -3), function(p) -bb(t$k, t$n, plogis(p[1]),
    plogis(p[2])), control = list(reltol = 1e-14, maxit = 5000))
  # The mean over a fine grid of correlations and means, both by Simpson's rule in the angle.
  simpson <- function(m) { w <- rep(c(2, 4), length.out = m); w[c(1, m)] <- 1; w }
  theta <- seq(0, pi / 2, length.out = 801)[-c(1, 801)]
  root <- seq(0, 1, length.out = 401)[-c(1, 401)]
  wm <- simpson(801)[-c(1, 801)]; wr <- simpson(401)[-c(1, 401)]
  l <- sapply(root^2, function(r) sapply(sin(theta)^2, function(m) bb(t$k, t$n, m, r))) +
    rep(log(root) + 8 * log1p(-root^2), each = length(theta))
  w <- exp(l - max(l)) * outer(wm, wr)
  w <- w / sum(w)
  mean_weight <- rowSums(w)
  m <- sin(theta)^2
  lower <- sum(mean_weight * pbeta(m, 2 + 0.5, 30 - 2 + 0.5))
  list(k = t$k, n = t$n, mean = plogis(best$par[1]), correlation = plogis(best$par[2]),
       log_likelihood = -best$value, posterior_mean = sum(mean_weight * m),
       posterior_sd = sqrt(sum(mean_weight * m^2) - sum(mean_weight * m)^2), lower_2_of_30 = lower)
})
write_json(list(r = R.version.string, survival = as.character(packageVersion("survival")),
                mets = as.character(packageVersion("mets")), counts = counts, valve = valve,
                recurrent = recurrent, study = study, medians = medians,
                beta_binomial = beta_binomial),
           "toxicity.json", digits = I(17), na = "null", auto_unbox = TRUE)
