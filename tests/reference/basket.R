# Hierarchical and EXNEX models for baskets by a long MCMC run (JAGS), with Monte-Carlo errors from
# batch means. Writes basket.json. Needs Debian's jags and r-cran-rjags; about ten minutes.
suppressMessages({library(jsonlite); library(rjags)})
model <- function(tau) paste0("model {
  for (k in 1:K) {
    y[k] ~ dbin(p[k], n[k])
    p[k] <- ilogit(theta[k])
    theta[k] <- ex[k] * (mu + tau * z[k]) + (1 - ex[k]) * (nex_mean + nex_sd * w[k])
    z[k] ~ dnorm(0, 1)
    w[k] ~ dnorm(0, 1)
    ex[k] ~ dbern(weight)
    square[k] <- p[k] * p[k]
    above[k] <- step(p[k] - reference)
    borrowed[k] <- ex[k] / (1 + tau * tau * n[k] * p[k] * (1 - p[k]))
  }
  mu ~ dnorm(m0, 1 / (s0 * s0))
  ", tau, "
}")
priors <- c("half-normal" = "tau ~ dnorm(0, 1 / (scale * scale)) T(0, )",
            "half-Cauchy" = "tau ~ dt(0, 1 / (scale * scale), 1) T(0, )",
            "uniform" = "tau ~ dunif(0, scale)")
case <- function(y, n, rate = 0.15, sd = 1, tau_prior = "half-normal", tau_scale = 1,
                 exchangeable = 1, reference = 0.15)
  list(y = y, n = n, prior_rate = rate, prior_sd = sd, tau_prior = tau_prior,
       tau_scale = tau_scale, exchangeable = exchangeable, nex_rate = 0.2, nex_sd = 2,
       reference = reference)
vemurafenib <- list(y = c(8, 0, 1, 1, 6, 2), n = c(19, 10, 26, 8, 14, 7))
edges <- list(y = c(0, 5, 3, 0, 1, 12, 0), n = c(5, 5, 8, 0, 1, 12, 15))
cases <- list(
  vemurafenib = case(vemurafenib$y, vemurafenib$n),
  vemurafenib_cauchy = case(vemurafenib$y, vemurafenib$n, tau_prior = "half-Cauchy", tau_scale = 0.5),
  vemurafenib_uniform = case(vemurafenib$y, vemurafenib$n, tau_prior = "uniform", tau_scale = 3),
  vemurafenib_exnex = case(vemurafenib$y, vemurafenib$n, exchangeable = 0.5),
  edges = case(edges$y, edges$n, rate = 0.5, sd = 2, reference = 0.5),
  edges_exnex = case(edges$y, edges$n, rate = 0.5, sd = 2, exchangeable = 0.7, reference = 0.5),
  eight = case(c(3, 9, 2, 6, 4, 0, 5, 7), c(15, 15, 4, 8, 12, 3, 5, 10), rate = 0.3, sd = 1.5,
               tau_scale = 0.5, reference = 0.4))
batches <- 100
one <- function(name) {
  d <- cases[[name]]
  data <- list(y = d$y, n = d$n, K = length(d$y), m0 = qlogis(d$prior_rate), s0 = d$prior_sd,
               scale = d$tau_scale, weight = d$exchangeable, nex_mean = qlogis(d$nex_rate),
               nex_sd = d$nex_sd, reference = d$reference)
  inits <- lapply(1:2, function(i) list(.RNG.name = "base::Mersenne-Twister", .RNG.seed = 100 + i))
  m <- jags.model(textConnection(model(priors[[d$tau_prior]])), data, inits, n.chains = 2,
                  n.adapt = 5000, quiet = TRUE)
  update(m, 10000, progress.bar = "none")
  run <- coda.samples(m, c("p", "square", "above", "borrowed", "ex", "tau"), n.iter = 1500000,
                      thin = 15, progress.bar = "none")
  x <- do.call(rbind, lapply(run, as.matrix))
  block <- rep(seq_len(batches), each = nrow(x) / batches)
  of <- function(v) x[, grepl(paste0("^", v, "(\\[|$)"), colnames(x)), drop = FALSE]
  summary <- function(v, f = mean) {
    a <- of(v)
    list(value = unname(apply(a, 2, f)),
         error = unname(apply(a, 2, function(col) sd(tapply(col, block, f)) / sqrt(batches))))
  }
  list(data = d, mean = summary("p"), square = summary("square"), above = summary("above"),
       borrowed = summary("borrowed"), exchangeable = summary("ex"), tau = summary("tau"),
       low = summary("p", function(v) quantile(v, 0.025)),
       high = summary("p", function(v) quantile(v, 0.975)))
}
names <- names(cases)
answers <- setNames(parallel::mclapply(names, one, mc.cores = 2), names)
write_json(list(r = R.version.string, jags = as.character(jags.version()), cases = answers),
           "basket.json", digits = I(10), auto_unbox = TRUE)
