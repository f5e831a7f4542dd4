# Firth's penalised partial likelihood as a slow, obvious version in R: coxph's own log likelihood
# and information at a given beta (iter.max = 0), climbed by Newton steps on central differences.
# R's coxphf (not in Debian) is a second witness: the values under "coxphf" are those that version
# 1.13.4 printed on the same data, as the tests of the Python package firthmodels 0.8.2 (MIT, J. Luo)
# state them; separated.csv is that test's simulated data. Run in this folder: Rscript call.R
library(survival)
d <- read.csv("separated.csv")
d$rounded <- ceiling(d$time)  # with ties
x <- as.matrix(d[, c("separator", "x1", "x2", "x3")])
penalised <- function(b, time, ties) {
  fit <- suppressWarnings(coxph(Surv(time, d$event) ~ x, init = b, ties = ties,
                                control = coxph.control(iter.max = 0)))
  fit$loglik[2] - as.numeric(determinant(vcov(fit))$modulus) / 2
}
gradient <- function(f, b, h = 1e-4) sapply(seq_along(b), function(j) {
  e <- replace(numeric(length(b)), j, h)
  (8 * (f(b + e) - f(b - e)) - (f(b + 2 * e) - f(b - 2 * e))) / (12 * h)
})
climb <- function(time, ties, held = integer(0), value = 0, start = numeric(4), steps = 5) {
  free <- setdiff(1:4, held)
  b <- start; b[held] <- value
  f <- function(part) penalised(replace(b, free, part), time, ties)
  part <- b[free]
  for (k in seq_len(steps)) {
    h <- 1e-3
    hessian <- sapply(seq_along(part), function(j) sapply(seq_along(part), function(l) {
      e <- replace(numeric(length(part)), j, h); g <- replace(numeric(length(part)), l, h)
      (f(part + e + g) - f(part + e - g) - f(part - e + g) + f(part - e - g)) / (4 * h^2)
    }))
    step <- -solve(hessian, gradient(f, part))
    while (f(part + step) < f(part) - 1e-9) step <- step / 2
    part <- part + step
  }
  list(beta = replace(b, free, part), value = f(part))
}
number <- function(x) paste0("[", paste(formatC(x, digits = 15, format = "g", width = 1), collapse = ", "), "]")
text <- sapply(c("breslow", "efron"), function(ties) {
  time <- if (ties == "efron") d$rounded else d$time
  best <- climb(time, ties, steps = 12)
  fit <- suppressWarnings(coxph(Surv(time, d$event) ~ x, init = best$beta, ties = ties, control = coxph.control(iter.max = 0)))
  se <- sqrt(diag(vcov(fit)))
  drop <- function(j, v) 2 * (best$value - climb(time, ties, j, v, best$beta)$value) - qchisq(0.95, 1)
  low <- sapply(1:4, function(j) uniroot(function(v) drop(j, v), best$beta[j] - c(3.5, 1) * se[j], tol = 1e-7, extendInt = "yes")$root)
  high <- sapply(1:4, function(j) uniroot(function(v) drop(j, v), best$beta[j] + c(1, 4) * se[j], tol = 1e-7, extendInt = "yes")$root)
  p <- sapply(1:4, function(j) pchisq(drop(j, 0) + qchisq(0.95, 1), 1, lower.tail = FALSE))
  overall <- 2 * (best$value - penalised(numeric(4), time, ties))
  cat(ties, best$beta, "\n")
  sprintf('"%s": {"coefficients": %s,\n  "standard_errors": %s,\n  "low": %s,\n  "high": %s,\n  "p_values": %s,\n  "likelihood_ratio": %s}',
          ties, number(best$beta), number(se), number(low), number(high), number(p), number(overall))
})
printed <- '"coxphf": {"coefficients": [3.8815800583, 0.6042066427, -0.4202139201, 1.0415063080],
  "standard_errors": [1.4430190269, 0.1599607483, 0.2541800107, 0.3128784410],
  "low": [1.9343469272, 0.2921186188, -0.9217200647, 0.4348431279],
  "high": [8.7215676015, 0.9164270978, 0.0699415336, 1.6550461482],
  "p_values": [7.318984974e-09, 1.686334002e-04, 9.295083722e-02, 8.463066114e-04],
  "likelihood_ratio": [57.6071]}'
versions <- sprintf('"_versions": "R %s, survival %s"', getRversion(), packageVersion("survival"))
writeLines(paste0("{", paste(c(versions, text, printed), collapse = ",\n "), "}"), "expected.json")
