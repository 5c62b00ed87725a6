# Cox regression: survival::coxph (Efron ties) and cox.zph, by data set.
suppressPackageStartupMessages(library(survival))
args <- commandArgs(trailingOnly = FALSE)
here <- dirname(sub("--file=", "", args[grep("--file=", args)]))
options(digits = 17)
num <- function(v) paste0("[", paste(ifelse(is.na(v), "null", formatC(v, digits = 17, format = "g")), collapse = ", "), "]")
mat <- function(m) paste0("[", paste(apply(m, 1, num), collapse = ", "), "]")

sets <- list()
add <- function(name, time, status, x, strata = NULL, entry = NULL)
  sets[[name]] <<- list(time = time, status = status, x = as.matrix(x), strata = strata, entry = entry)

six <- c(6,6,6,6,7,9,10,10,11,13,16,17,19,20,22,23,25,32,32,34,35)
six_s <- c(1,1,1,0,1,0,1,0,0,1,1,0,0,0,1,1,0,0,0,0,0)
pla <- c(1,1,2,2,3,4,4,5,5,8,8,8,8,11,11,12,12,15,17,22,23)
add("freireich", c(six, pla), c(six_s, rep(1, 21)), cbind(rep(0:1, each = 21)))
l <- na.omit(lung[, c("time", "status", "age", "sex", "ph.ecog", "inst")])
add("lung", l$time, l$status - 1, l[, c("age", "sex", "ph.ecog")])
add("lung_strata", l$time, l$status - 1, l[, c("age", "ph.ecog")], strata = l$sex)
v <- veteran
add("veteran", v$time, v$status, cbind(v$trt, v$karno, v$diagtime, v$age, v$prior))
add("veteran_strata", v$time, v$status, cbind(v$trt, v$karno), strata = as.integer(v$celltype))
o <- ovarian
add("ovarian", o$futime, o$fustat, cbind(o$age, o$rx))
k <- kidney
add("kidney", k$time, k$status, cbind(k$age, k$sex))
p <- na.omit(pbc[1:312, c("time", "status", "age", "edema", "bili", "albumin", "stage")])
add("pbc_death", p$time, as.integer(p$status == 2), cbind(p$age, p$edema, log(p$bili)))
add("pbc_transplant", p$time, as.integer(p$status == 1), cbind(p$age, log(p$bili)))
h <- heart[heart$stop > heart$start, ]
add("heart_entry", h$stop, h$event, cbind(h$age, as.integer(h$transplant) - 1), entry = h$start)
set.seed(11)
n <- 60
entry <- sample(0:10, n, TRUE)
time <- entry + sample(1:12, n, TRUE)
add("heavy_ties_entry", time, rbinom(n, 1, 0.6), cbind(rnorm(n), rbinom(n, 1, 0.5)),
    strata = sample(1:3, n, TRUE), entry = entry)
add("weeks", sample(1:6, n, TRUE), rbinom(n, 1, 0.7), cbind(rnorm(n), rbinom(n, 1, 0.4)))

out <- character()
for (name in names(sets)) {
  s <- sets[[name]]
  y <- if (is.null(s$entry)) Surv(s$time, s$status) else Surv(s$entry, s$time, s$status)
  x <- unname(s$x)
  control <- coxph.control(eps = 1e-14, toler.chol = 1e-15, iter.max = 100)
  f <- if (is.null(s$strata)) y ~ x else y ~ x + strata(s$strata)
  fit <- coxph(f, ties = "efron", control = control)
  # A row of start-stop data is one subject here; the sandwich is over rows.
  rob <- coxph(f, ties = "efron", control = control, robust = TRUE, cluster = seq_along(s$time))
  zph <- sapply(c("km", "identity"), function(g) {
    z <- cox.zph(fit, transform = g, terms = FALSE)$table
    c(z[, "chisq"], z[, "p"])
  })
  fields <- c(
    sprintf('"time": %s', num(s$time)), sprintf('"status": %s', num(s$status)),
    sprintf('"covariates": %s', mat(x)),
    sprintf('"strata": %s', if (is.null(s$strata)) "null" else num(s$strata)),
    sprintf('"entry": %s', if (is.null(s$entry)) "null" else num(s$entry)),
    sprintf('"coef": %s', num(coef(fit))), sprintf('"covariance": %s', mat(vcov(fit))),
    sprintf('"robust": %s', mat(vcov(rob))), sprintf('"log_likelihood": %s', num(fit$loglik)),
    sprintf('"zph": {%s}', paste(sprintf('"%s": %s', colnames(zph), apply(zph, 2, num)), collapse = ", ")))
  out <- c(out, sprintf('"%s": {%s}', name, paste(fields, collapse = ",\n")))
}
writeLines(paste0("{\n", paste(out, collapse = ",\n"), "\n}"), file.path(here, "cox.json"))
