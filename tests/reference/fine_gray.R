# Fine-Gray regression by cmprsk::crr at a tight tolerance (its default of 1e-6 leaves fewer digits).
# In `small`, cause 2, a covariate separates: crr fails with a singular matrix.
# Writes fine_gray.json: each data set's columns, then what crr answers for each option.
suppressMessages({library(survival); library(cmprsk); library(jsonlite)})

set.seed(20240604)
made <- function(n, digits, beta = c(0.7, -0.4)) {
  a <- rnorm(n); b <- rbinom(n, 1, 0.4); g <- sample(1:2, n, TRUE)
  time <- rexp(n, 0.02 * exp(beta[1] * a + beta[2] * b)); cens <- rexp(n, 0.01 * g)
  status <- ifelse(time <= cens, sample(1:2, n, TRUE, c(0.6, 0.4)), 0)
  data.frame(time = round(pmin(time, cens), digits) + 10^-digits, status = status, a = round(a, 3), b = b, group = g)
}
plasma <- with(na.omit(mgus2[c("ptime", "pstat", "futime", "death", "sex", "age")]), data.frame(
  time = ifelse(pstat == 1, ptime, futime), status = ifelse(pstat == 1, 1, 2 * death),
  a = (age - 70) / 10, b = as.integer(sex) - 1, group = as.integer(sex)))
one <- made(60, 0); one$status[one$status == 2] <- 0
rivals <- made(50, 1); rivals$status[rivals$status == 0] <- 2
full <- made(45, 0); full$status[full$status == 0] <- 1
data_sets <- list(small = made(25, 1), ties = made(120, -1), smooth = made(200, 6), plasma = plasma,
                  one_cause = one, no_censoring = rivals, single_covariate = made(40, 1)[, -4],
                  days_no_censoring = full, at_zero = within(made(40, 0), time <- pmax(time - 10, 0)))
answers <- function(d, failcode, grouped) {
  x <- as.matrix(d[intersect(c("a", "b"), names(d))])
  group <- if (grouped) d$group else rep(1, nrow(d))
  f <- crr(d$time, d$status, x, cengroup = group, failcode = failcode, gtol = 1e-15, maxiter = 60)
  at <- rbind(rep(0, ncol(x)), rep(1, ncol(x)))
  list(coef = unname(f$coef), var = unname(f$var), information = unname(solve(f$inv)), loglik = f$loglik,
       loglik_null = f$loglik.null, time = f$uftime, hazard = f$bfitj,
       predicted = unname(predict(f, at)[, -1, drop = FALSE]))
}
out <- list()
for (name in names(data_sets)) {
  d <- data_sets[[name]]
  fits <- list()
  for (failcode in intersect(1:2, d$status)) for (grouped in c(FALSE, TRUE))
    fits[[paste("cause", failcode, if (grouped) "by group" else "together")]] <- tryCatch(
      answers(d, failcode, grouped), error = function(e) list(error = conditionMessage(e)))
  out[[name]] <- list(data = as.list(d), fits = fits)
}
write_json(list(r = R.version.string, cmprsk = as.character(packageVersion("cmprsk")), data_sets = out),
           "fine_gray.json", digits = I(17), auto_unbox = FALSE, na = "null")
