# Mean, standard deviation and quartiles (type 7) as R computes them. Writes baseline.json.
suppressMessages(library(jsonlite))
set.seed(20240602)
samples <- list(one = 42, two = c(31, 64), ties = c(5, 5, 5, 5, 9), even = round(rnorm(20, 40, 12), 1),
                odd = round(rexp(31, 0.2), 2), integers = rpois(17, 4))
out <- lapply(samples, function(x) list(
  x = x, mean = mean(x), sd = sd(x), quartiles = as.numeric(quantile(x, c(0.25, 0.5, 0.75))),
  range = range(x)))
write_json(list(r = R.version.string, samples = out), "baseline.json", digits = I(17), na = "null")
