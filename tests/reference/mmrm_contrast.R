# Differences between two groups at visits from a mixed model with baseline and a covariate:
# lmerTest::contest1D with a random intercept (compound symmetry), nlme::gls unstructured.
# Writes mmrm_contrast.json.
suppressMessages({library(nlme); library(lmerTest); library(jsonlite)})
here <- if (file.exists("tests/reference")) "tests/reference" else "."
set.seed(20250117)
n <- 26; q <- 3
group <- rep(0:1, c(15, 11)); base <- round(rnorm(n, 12, 4), 1); age <- round(rnorm(n, 40, 11))
y <- matrix(rnorm(n * q, sd = 2), n) + rnorm(n, sd = 2) - 0.4 * (base - 12) + 0.03 * age -
  outer(group, c(0.5, 1.5, 2.5))
y <- round(y, 2)
y[matrix(runif(n * q) < 0.2, n)] <- NA
y[1, ] <- round(rnorm(q), 2)
long <- data.frame(y = c(t(y)), v = rep(1:q, n), id = rep(1:n, each = q),
                   g = rep(group, each = q), b = rep(base - mean(base), each = q),
                   a = rep(age - mean(age), each = q))
long <- long[!is.na(long$y), ]
long$cell <- factor(paste0("g", long$g, "v", long$v))
L <- cbind(-diag(q), diag(q), 0, 0)
mixed <- lmer(y ~ 0 + cell + b + a + (1 | id), long, REML = TRUE,
              control = lmerControl(optCtrl = list(xtol_abs = 1e-12, ftol_abs = 1e-14)))
symmetric <- t(sapply(1:q, function(i) {
  found <- contest1D(mixed, L[i, ], ddf = "Satterthwaite")
  c(found$Estimate, found[["Std. Error"]], found$df, found[["Pr(>|t|)"]])
}))
long$visit <- factor(long$v)
free <- gls(y ~ 0 + cell + b + a, long, correlation = corSymm(form = ~ v | id),
            weights = varIdent(form = ~ 1 | visit), method = "REML",
            control = glsControl(tolerance = 1e-12, msTol = 1e-14, msMaxIter = 500, maxIter = 200))
unstructured <- cbind(L %*% coef(free), sqrt(diag(L %*% vcov(free) %*% t(L))))
write_json(list(y = y, base = base, age = age, group = group, symmetric = symmetric,
                unstructured = unstructured),
           file.path(here, "mmrm_contrast.json"), digits = NA, pretty = TRUE, na = "null")
