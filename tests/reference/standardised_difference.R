# Standardised differences by their formulas: pooled standard deviation for numbers, Mahalanobis
# distance without the first level (MASS::ginv) for categories. Writes standardised_difference.json.
suppressMessages({library(MASS); library(jsonlite)})
here <- if (file.exists("tests/reference")) "tests/reference" else "."
a <- c(31, 45, 28, 60, 52, 39); b <- c(44, 58, 36, 71, 49)
number <- abs(mean(a) - mean(b)) / sqrt((var(a) + var(b)) / 2)
share <- function(x, y) {
  p <- (x / sum(x))[-1]; q <- (y / sum(y))[-1]
  s <- (diag(p, length(p)) - p %o% p + diag(q, length(q)) - q %o% q) / 2
  sqrt(drop(t(p - q) %*% ginv(s) %*% (p - q)))
}
sets <- list(list(c(7, 3), c(4, 9)), list(c(5, 3, 2), c(1, 6, 4)), list(c(5, 0, 2), c(3, 4, 0)))
write_json(list(a = a, b = b, number = number,
                shares = lapply(sets, function(s) list(first = s[[1]], second = s[[2]],
                                                       expected = share(s[[1]], s[[2]])))),
           file.path(here, "standardised_difference.json"), digits = NA, auto_unbox = TRUE,
           pretty = TRUE)
