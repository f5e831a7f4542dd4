# The four updates of a locked model as Poisson regression of the event on the expected events, by R's
# glm, and a sandwich by cluster written out. x and time are those of cases.csv; the locked model has
# the coefficients 0.8, 0.4 and -0.5 about 0 and the hazard 0.02 a month. Run in this folder: Rscript call.R
d <- read.csv("cases.csv")
lp <- 0.8 * d$x0 + 0.4 * d$x1 - 0.5 * d$x2
off <- log(0.02 * d$time) + lp
none <- sum(d$event * off - exp(off))
loglik <- function(m) sum(d$event * m$linear.predictors - exp(m$linear.predictors))
control <- glm.control(epsilon = 1e-14, maxit = 100)
m1 <- glm(event ~ 1, poisson, d, offset = off, control = control)
m2 <- glm(event ~ lp, poisson, d, offset = off, control = control)
m3 <- glm(event ~ x0 + x1 + x2, poisson, d, offset = off, control = control)
sandwich <- function(m) {
  u <- rowsum(model.matrix(m) * (d$event - fitted(m)), d$patient)
  vcov(m) %*% crossprod(u) %*% vcov(m)
}
wald <- function(C) {
  e <- C %*% coef(m3); c(t(e) %*% solve(C %*% sandwich(m3) %*% t(C)) %*% e)
}
# What is not along (0.8, 0.4, -0.5)
along <- rbind(c(0, 0.4, -0.8, 0), c(0, 0.5, 0, 0.8))
# The baseline hazard of these cases where the locked coefficients are held, at x = 0, Efron's ties
suppressMessages(library(survival))
held <- coxph(Surv(time, event) ~ x0 + x1 + x2, d, init = c(0.8, 0.4, -0.5), iter.max = 0)
h <- basehaz(held, centered = FALSE)
at <- function(t) h$hazard[findInterval(t, h$time)]
f <- function(x) paste0("[", paste(format(x, digits = 15), collapse = ", "), "]")
cat("{\n \"baseline\": ", f(c(coef(m1), sqrt(vcov(m1)))), ",\n \"slope\": ",
    f(c(1 + coef(m2)[2], sqrt(vcov(m2)[2, 2]))), ",\n \"likelihood_ratio\": ",
    f(2 * (loglik(m3) - c(none, loglik(m1), loglik(m2)))), ",\n \"robust_errors\": ",
    f(c(sqrt(sandwich(m1)), sqrt(sandwich(m2)[2, 2]))), ",\n \"wald\": ",
    f(c(wald(diag(4)), wald(diag(4)[-1, ]), wald(along))), ",\n \"hazard\": ", f(at(c(6, 12, 24, 36))),
    "\n}\n", sep = "", file = "expected.json")
