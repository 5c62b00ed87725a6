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
    stop <- min(end, round(death) + 0.25)
    t <- cumsum(rexp(30, frail / 200))
    t <- sort(unique(round(t)))
    t <- t[t < stop & t > 0]
    data.frame(id = i, entry = c(0, t), time = c(t, stop),
               status = c(rep(1, length(t)), 0), death = c(rep(0, length(t)), stop < end))
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
write_json(list(r = R.version.string, survival = as.character(packageVersion("survival")),
                mets = as.character(packageVersion("mets")), counts = counts, valve = valve,
                recurrent = recurrent),
           "toxicity.json", digits = I(17), na = "null", auto_unbox = TRUE)
