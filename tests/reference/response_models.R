# Logistic regression (glm) with profile-likelihood limits by uniroot on refitted offsets, marginal
# differences by the delta method; the time-dependent hazard ratio by coxph (Efron) on start-stop
# data with profile limits. Writes response_models.json.
suppressMessages({library(survival); library(jsonlite)})
d <- read.csv("sex2.csv")
fit <- glm(case ~ age + oc + vic + vicl + vis, binomial, d, epsilon = 1e-14)
profile <- function(name, side) {
  others <- setdiff(c("age", "oc", "vic", "vicl", "vis"), name)
  g <- function(b) glm(reformulate(others, "case"), binomial, d, offset = b * d[[name]], epsilon = 1e-14)$deviance -
    deviance(fit) - qchisq(0.95, 1)
  e <- coef(fit)[[name]]
  uniroot(g, sort(c(e, e + side * 3)), tol = 1e-11)$root
}
names <- c("age", "oc", "vic", "vicl", "vis")
limits <- t(sapply(names, function(n) c(profile(n, -1), profile(n, 1))))
# Marginal difference of vic by the delta method.
x1 <- x0 <- model.matrix(fit); x1[, "vic"] <- 1; x0[, "vic"] <- 0
p1 <- plogis(x1 %*% coef(fit)); p0 <- plogis(x0 %*% coef(fit))
slope <- colMeans(as.vector(p1 * (1 - p1)) * x1) - colMeans(as.vector(p0 * (1 - p0)) * x0)
marginal <- c(mean(p1) - mean(p0), sqrt(slope %*% vcov(fit) %*% slope))
s <- data.frame(response = c(28, 30, NA, 84, 60, NA, 90, 28, NA, 120, 40, 84),
                time = c(200, 30, 90, 300, 61, 40, 400, 150, 70, 121, 90, 90),
                event = c(1, 1, 1, 0, 1, 1, 0, 1, 0, 1, 1, 0))
rows <- do.call(rbind, lapply(seq_len(nrow(s)), function(i) {
  r <- s$response[i]; t <- s$time[i]
  if (is.na(r) || r >= t) return(data.frame(a = 0, b = t, e = s$event[i], g = 0))
  data.frame(a = c(0, r), b = c(r, t), e = c(0, s$event[i]), g = c(0, 1))
}))
cox <- coxph(Surv(a, b, e) ~ g, rows, ties = "efron")
at <- function(beta) coxph(Surv(a, b, e) ~ g, rows, ties = "efron", init = beta, control = coxph.control(iter.max = 0))$loglik[2]
edge <- function(side) uniroot(function(b) 2 * (cox$loglik[2] - at(b)) - qchisq(0.95, 1), sort(c(coef(cox), coef(cox) + side * 6)), tol = 1e-11)$root
write_json(list(r = R.version.string, survival = as.character(packageVersion("survival")),
  coefficient = coef(fit), std_error = sqrt(diag(vcov(fit))), limits = limits, log_likelihood = as.numeric(logLik(fit)),
  marginal = marginal, subjects = s, hazard_ratio = exp(c(coef(cox), edge(-1), edge(1)))),
  "response_models.json", digits = I(15), na = "null")
