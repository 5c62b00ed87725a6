# Mixed models for repeated measures by nlme::gls (REML); Satterthwaite's degrees of freedom by
# lmerTest for compound symmetry, and for the others from the restricted likelihood written out here
# and differentiated by numDeriv at gls's estimates. Writes mmrm.json.
suppressMessages({library(nlme); library(jsonlite); library(lmerTest); library(numDeriv)})
set.seed(20241123)
make <- function(n, q, sd, rho, miss) {
  V <- outer(sd, sd) * rho^abs(outer(1:q, 1:q, "-"))
  base <- rnorm(n, 12, 4)
  y <- matrix(rnorm(n * q), n) %*% chol(V) + outer(rep(1, n), -(1:q)) - 0.5 * (base - mean(base))
  y[matrix(runif(n * q) < miss, n)] <- NA
  y[1, ] <- rnorm(q)
  list(y = round(y, 2), base = round(base, 1))
}
data <- list(
  complete = make(20, 3, c(2, 3, 4), 0.6, 0), missing = make(30, 4, c(2, 3, 3, 5), 0.7, 0.25),
  small = make(9, 3, c(1, 1.5, 2), 0.5, 0.15), two = make(12, 2, c(3, 2), 0.3, 0.2))
structures <- list(
  unstructured = list(corSymm(form = ~ v | id), varIdent(form = ~ 1 | visit)),
  "heterogeneous AR(1)" = list(corAR1(form = ~ v | id), varIdent(form = ~ 1 | visit)),
  "compound symmetry" = list(corCompSymm(form = ~ v | id), NULL))
between <- function(theta, structure, q) {
  if (structure == "unstructured") {
    R <- matrix(0, q, q); R[upper.tri(R, TRUE)] <- theta; return(crossprod(R))
  }
  sd <- if (structure == "compound symmetry") rep(theta[1], q) else theta[1:q]
  rho <- theta[length(theta)]
  d <- abs(outer(1:q, 1:q, "-"))
  outer(sd, sd) * (if (structure == "compound symmetry") ifelse(d > 0, rho, 1) else rho^d)
}
answers <- list()
for (name in names(data)) for (structure in names(structures)) {
  y <- data[[name]]$y; n <- nrow(y); q <- ncol(y)
  base <- data[[name]]$base - mean(data[[name]]$base)
  long <- data.frame(y = c(t(y)), v = rep(1:q, n), id = rep(1:n, each = q), b = rep(base, each = q))
  long <- long[!is.na(long$y), ]; long$visit <- factor(long$v)
  s <- structures[[structure]]
  fit <- gls(y ~ 0 + visit + b, long, correlation = s[[1]], weights = s[[2]], method = "REML",
             control = glsControl(tolerance = 1e-12, msTol = 1e-14, msMaxIter = 500, maxIter = 200,
                                  opt = "nlminb"))
  X <- model.matrix(~ 0 + visit + b, long)
  pieces <- split(seq_len(nrow(long)), long$id)
  reml <- function(theta) {
    V <- between(theta, structure, q); A <- 0; B <- 0; ld <- 0
    W <- lapply(pieces, function(i) solve(V[long$v[i], long$v[i], drop = FALSE]))
    for (j in seq_along(pieces)) {
      i <- pieces[[j]]; Xi <- X[i, , drop = FALSE]
      A <- A + t(Xi) %*% W[[j]] %*% Xi; B <- B + t(Xi) %*% W[[j]] %*% long$y[i]
      ld <- ld - determinant(W[[j]])$modulus
    }
    beta <- solve(A, B); rss <- 0
    for (j in seq_along(pieces)) {
      i <- pieces[[j]]; r <- long$y[i] - X[i, , drop = FALSE] %*% beta
      rss <- rss + t(r) %*% W[[j]] %*% r
    }
    list(value = as.numeric(ld + determinant(A)$modulus + rss) / 2, beta = beta, cov = solve(A))
  }
  sd0 <- fit$sigma * (if (is.null(s[[2]])) 1 else
    c(1, coef(fit$modelStruct$varStruct, unconstrained = FALSE, allCoef = TRUE)[-1]))
  if (!is.null(s[[2]])) {
    w <- coef(fit$modelStruct$varStruct, unconstrained = FALSE, allCoef = TRUE)
    sd0 <- fit$sigma * w[as.character(1:q)]
  }
  rho0 <- coef(fit$modelStruct$corStruct, unconstrained = FALSE)
  if (structure == "unstructured") {
    C <- diag(q); C[lower.tri(C)] <- rho0; C <- C + t(C) - diag(q)
    R <- chol(outer(sd0, sd0) * C); theta <- R[upper.tri(R, TRUE)]
  } else theta <- c(if (structure == "compound symmetry") sd0[1] else sd0, rho0)
  theta <- optim(theta, function(t) tryCatch(reml(t)$value, error = function(e) 1e10),
                 method = "BFGS", control = list(reltol = 1e-15, maxit = 500))$par
  H <- hessian(function(t) reml(t)$value, theta)
  J <- jacobian(function(t) diag(reml(t)$cov), theta)
  best <- reml(theta)
  df <- 2 * diag(best$cov)^2 / diag(J %*% solve(H) %*% t(J))
  lmer_df <- NULL
  if (structure == "compound symmetry" && rho0 > 0.01)
    lmer_df <- unname(summary(lmer(y ~ 0 + visit + b + (1 | id), long))$coefficients[, "df"])
  answers[[length(answers) + 1]] <- list(
    data = name, structure = structure, coef = unname(coef(fit)),
    std_error = unname(sqrt(diag(vcov(fit)))), log_likelihood = as.numeric(logLik(fit)),
    value = best$value, df = unname(df), lmer_df = lmer_df)
}
write_json(list(r = R.version.string, nlme = as.character(packageVersion("nlme")), data = data,
                fits = answers), "mmrm.json", digits = I(17), na = "null", auto_unbox = TRUE)
