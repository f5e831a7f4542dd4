# Events seen at visits: Turnbull's curve (survival::survfit on Surv(type = "interval2")), Weibull
# proportional hazards by maximum likelihood (survival::survreg), and the log likelihood with a bent
# baseline, written out and maximised by optim. Run in this folder: Rscript call.R
suppressMessages({library(survival); library(jsonlite); library(splines)})
set.seed(7)
n <- 160
x <- round(rnorm(n), 2); z <- rbinom(n, 1, 0.4)
t <- 40 * (rexp(n) / exp(0.6 * x - 0.5 * z))^(1 / 1.4)
low <- high <- numeric(n)
for (i in 1:n) {
  visits <- round(cumsum(runif(12, 4, 14)), 1)
  visits <- visits[visits < runif(1, 20, 90)]
  seen <- which(visits >= t[i])
  if (length(visits) == 0) { low[i] <- 3; high[i] <- NA }
  else if (length(seen) == 0) { low[i] <- max(visits); high[i] <- NA }
  else { high[i] <- visits[seen[1]]; low[i] <- if (seen[1] == 1) 0 else visits[seen[1] - 1] }
}
exact <- which(!is.na(high))[c(5, 15, 25)]
low[exact] <- high[exact] <- round((low[exact] + high[exact]) / 2, 2)
d <- data.frame(low, high, x, z, cluster = (seq_len(n) - 1) %/% 2)
write.csv(d, "visits.csv", row.names = FALSE, quote = FALSE, na = "")
r <- d; r$low[r$low == 0] <- NA
y <- Surv(r$low, r$high, type = "interval2")
out <- list(`_versions` = sprintf("R %s, survival %s", getRversion(), packageVersion("survival")))
f <- survfit(y ~ 1)
times <- c(5, 10, 15, 20, 30, 40, 50, 60)
out$turnbull <- list(time = f$time, surv = f$surv)
control <- survreg.control(rel.tolerance = 1e-14, maxiter = 200)
w <- survreg(y ~ x + z, r, dist = "weibull", control = control)
w0 <- survreg(y ~ 1, r, dist = "weibull", control = control)
# log H(t | x) = (log t - mu - a x) / scale: the log hazard ratio is -a / scale
b <- coef(w); s <- w$scale
J <- rbind(c(0, -1 / s, 0, b[["x"]] / s), c(0, 0, -1 / s, b[["z"]] / s))  # with respect to (mu, a, log scale)
V <- J %*% vcov(w) %*% t(J)
out$weibull <- list(coef = unname(-b[-1] / s), covariance = V, shape = 1 / s, loglik = w$loglik[2], null = w0$loglik[2],
  log_hazard = unname((log(times) - b[[1]]) / s), times = times)
write_json(out, "expected.json", digits = NA, auto_unbox = TRUE, pretty = TRUE)
