# Events against those that a given curve expects: cumulative hazard of the curve by its definition,
# Poisson limits and tails by poisson.test and ppois. Writes curve_benchmark.json.
suppressMessages(library(jsonlite))
here <- if (file.exists("tests/reference")) "tests/reference" else "."
day <- c(90, 180, 365); free <- c(0.9, 0.75, 0.5)
hazard <- function(t) approx(c(0, day), c(0, -log(free)), xout = pmin(pmax(t, 0), 365))$y
sets <- list(
  few = list(time = c(30, 90, 200, 365, 400, 500), status = c(1, 0, 1, 0, 1, 0)),
  none = list(time = c(100, 200, 300), status = c(0, 0, 0)),
  entered = list(time = c(120, 250, 340, 380, 90), status = c(1, 1, 0, 1, 1),
                 entry = c(0, 100, 200, 50, 0))
)
found <- lapply(sets, function(d) {
  entry <- if (is.null(d$entry)) 0 * d$time else d$entry
  expected <- sum(hazard(d$time) - hazard(entry))
  k <- sum(d$status == 1 & d$time <= 365)
  limits <- poisson.test(k, expected)$conf.int
  p <- min(1, 2 * min(ppois(k, expected), ppois(k - 1, expected, lower.tail = FALSE)))
  c(d, list(n_event = k, n_expected = expected, low = limits[1], high = limits[2], p_value = p))
})
write_json(list(day = day, free = free, sets = found), file.path(here, "curve_benchmark.json"),
           digits = NA, auto_unbox = TRUE, pretty = TRUE)
