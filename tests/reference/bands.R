# Simultaneous bands by the formulas of Klein and Moeschberger (2nd ed., section 4.4). Their critical
# values by ways other than carstats': the Brownian bridge by the method of images between its values
# at the two ends (a sum over reflections, integrated on a grid), the Ornstein-Uhlenbeck process by a
# Crank-Nicolson scheme with Richardson extrapolation. Also the approximation that the printed tables
# use (Miller and Siegmund 1982). Writes bands.json.
suppressMessages({library(survival); library(KMsurv); library(jsonlite)})

stays_bridge <- function(k, a, b, points = 400) {
  if (b - a < 1e-12) return(1 - 2 * pnorm(-k / sqrt(a * (1 - a))))
  gl <- (function(n) { i <- 1:(n - 1); J <- matrix(0, n, n); off <- i / sqrt(4 * i^2 - 1)
    J[cbind(i, i + 1)] <- J[cbind(i + 1, i)] <- off; e <- eigen(J, symmetric = TRUE)
    list(x = e$values, w = 2 * e$vectors[1, ]^2) })(points)
  grid <- function(v) { r <- min(k, 9 * sqrt(v)); list(x = r * gl$x, w = r * gl$w * dnorm(r * gl$x, 0, sqrt(v))) }
  first <- if (a == 0) list(x = 0, w = 1) else grid(a)
  last <- if (b == 1) list(x = 0, w = 1) else grid(1 - b)
  killed <- 0
  for (j in -12:12) {
    killed <- killed + (-1)^j * outer(first$x, last$x, function(x, y) dnorm(y, (-1)^j * x + 2 * j * k, sqrt(b - a)))
  }
  drop(first$w %*% killed %*% last$w) * sqrt(2 * pi)
}
crank_nicolson <- function(c, length, m, steps) {
  h <- c / m; x <- (0:(m - 1)) * h; dt <- length / steps     # by symmetry on [0, c)
  up <- 1 / h^2 - x / (2 * h); down <- 1 / h^2 + x / (2 * h); up[1] <- 2 / h^2; down[1] <- 0
  solve3 <- function(lo, di, hi, r) { n <- length(r)
    for (i in 2:n) { w <- lo[i] / di[i - 1]; di[i] <- di[i] - w * hi[i - 1]; r[i] <- r[i] - w * r[i - 1] }
    r[n] <- r[n] / di[n]; for (i in (n - 1):1) r[i] <- (r[i] - hi[i] * r[i + 1]) / di[i]; r }
  v <- rep(1, m)
  advance <- function(v, theta, dt) {
    explicit <- v + (1 - theta) * dt * (down * c(0, v[-m]) - 2 / h^2 * v + up * c(v[-1], 0))
    solve3(-theta * dt * down, rep(1 + theta * dt * 2 / h^2, m), -theta * dt * up, explicit)
  }
  # Four quarter steps of backward Euler first: the start is no smooth function at the ends.
  for (i in 1:4) v <- advance(v, 1, dt / 4)
  for (i in 2:steps) v <- advance(v, 0.5, dt)
  2 * h * (sum(v * dnorm(x)) - v[1] * dnorm(0) / 2)
}
remains_ou <- function(c, length) {
  one <- crank_nicolson(c, length, 300, 300); two <- crank_nicolson(c, length, 600, 600)
  (4 * two - one) / 3
}
hall_wellner <- function(a, b, level) uniroot(function(k) stays_bridge(k, a, b) - level, c(0.05, 2.5), tol = 1e-11)$root
equal_precision <- function(a, b, level) {
  if (b - a < 1e-12) return(qnorm(0.5 + level / 2))
  length <- 0.5 * log(b * (1 - a) / (a * (1 - b)))
  uniroot(function(c) remains_ou(c, length) - level, c(1, 5), tol = 1e-9)$root
}
printed <- function(a, b, level) uniroot(function(x) 4 * dnorm(x) / x +
  dnorm(x) * (x - 1 / x) * log(b * (1 - a) / (a * (1 - b))) - (1 - level), c(1.2, 6), tol = 1e-11)$root

ranges <- list(c(0.1, 0.6), c(0.1, 0.9), c(0.02, 0.5), c(0.3, 0.6), c(0.05, 0.98), c(0.4, 0.4), c(0.01, 0.02))
values <- list()
for (r in ranges) for (level in c(0.9, 0.95, 0.99)) values[[length(values) + 1]] <-
  c(r, level, hall_wellner(r[1], r[2], level), equal_precision(r[1], r[2], level),
    if (r[1] < r[2]) printed(r[1], r[2], level) else NA)
for (level in c(0.9, 0.95, 0.99)) for (b in c(0.5, 1)) values[[length(values) + 1]] <-
  c(0, b, level, hall_wellner(0, b, level), NA, NA)

data(bmt)
all_group <- bmt[bmt$group == 1, ]
data_sets <- list(bmt_all = data.frame(time = all_group$t2, status = all_group$d3),
                  veteran = data.frame(time = veteran$time, status = veteran$status),
                  ovarian = data.frame(time = ovarian$futime, status = ovarian$fustat),
                  heart = data.frame(entry = heart$start, time = heart$stop, status = heart$event),
                  five = data.frame(time = c(2, 3, 3, 5, 8), status = c(1, 1, 0, 1, 1)),
                  one_event = data.frame(time = c(2, 4, 6), status = c(1, 0, 0)))
bands <- list()
for (name in names(data_sets)) {
  d <- data_sets[[name]]
  y <- if (is.null(d$entry)) Surv(d$time, d$status) else Surv(d$entry, d$time, d$status)
  f <- survfit(y ~ 1); n <- nrow(d)
  var <- cumsum(ifelse(f$n.event > 0, f$n.event / (f$n.risk * (f$n.risk - f$n.event)), 0))
  events <- f$time[f$n.event > 0 & f$surv > 0]
  limits <- if (name == "bmt_all") list(c(100, 400), range(events)) else list(range(events))
  for (i in seq_along(limits)) {
    kept <- f$time >= min(f$time[f$time >= limits[[i]][1] & TRUE], limits[[i]][1]) & f$time <= limits[[i]][2]
    at <- unique(c(limits[[i]][1], f$time[kept]))
    place <- findInterval(at, f$time); s <- f$surv[place]; v <- var[place]
    a <- range(n * v / (1 + n * v))
    for (level in c(0.9, 0.95)) for (kind in c("equal precision", "Hall-Wellner")) {
      c <- if (kind == "Hall-Wellner") hall_wellner(a[1], a[2], level) else equal_precision(a[1], a[2], level)
      e <- if (kind == "Hall-Wellner") c * (1 + n * v) / sqrt(n) else c * sqrt(v)
      theta <- exp(e / log(s)); half <- 0.5 * e * sqrt(s / (1 - s))
      bands[[paste(name, i, kind, level)]] <- list(
        start = limits[[i]][1], end = limits[[i]][2], a = a, critical = c, time = at, survival = s,
        "plain" = rbind(pmax(s - s * e, 0), pmin(s + s * e, 1)), "log-log" = rbind(s^(1 / theta), s^theta),
        "arcsine" = rbind(sin(pmax(0, asin(sqrt(s)) - half))^2, sin(pmin(pi / 2, asin(sqrt(s)) + half))^2))
    }
  }
}
write_json(list(r = R.version.string, survival = as.character(packageVersion("survival")),
                value_columns = c("a_low", "a_high", "conf_level", "hall_wellner", "equal_precision", "printed"),
                values = do.call(rbind, values), data_sets = lapply(data_sets, as.list), bands = bands),
           "bands.json", digits = I(17), na = "null")
