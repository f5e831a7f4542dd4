# Rubin's rules of R's mice 3.15.0 (D1: mitml 0.4-4) on Cox models of completed data sets,
# and multiple imputation by mice of simulated.csv. Run in this folder: Rscript call.R
suppressMessages({library(mice); library(survival)})
numbers <- function(x) paste0("[", paste(sprintf("%.17g", as.vector(x)), collapse = ", "), "]")
named <- function(name, text) paste0('"', name, '": ', text)
pooled <- function(fit, with_fits) {
  p <- pool(fit, dfcom = Inf)
  s <- summary(p, conf.int = TRUE)
  parts <- c(
    named("estimate", numbers(s$estimate)), named("standard_error", numbers(s$std.error)),
    named("df", numbers(s$df)), named("p", numbers(s$p.value)),
    named("low", numbers(s$`2.5 %`)), named("high", numbers(s$`97.5 %`)),
    named("fmi", numbers(p$pooled$fmi)))
  if (with_fits) parts <- c(
    named("coefficients", paste0("[", paste(sapply(fit$analyses, function(f) numbers(coef(f))), collapse = ", "), "]")),
    named("covariances", paste0("[", paste(sapply(fit$analyses, function(f) numbers(vcov(f))), collapse = ", "), "]")),
    parts)
  parts
}
impute <- function(d, m, seed) {
  d$hazard <- nelsonaalen(d, time, event)
  use <- make.predictorMatrix(d)
  use[, "time"] <- 0
  mice(d, m = m, maxit = 10, seed = seed, printFlag = FALSE, predictorMatrix = use)
}

lung <- survival::lung[, c("time", "status", "age", "sex", "meal.cal", "wt.loss")]
lung$event <- lung$status - 1
lung$status <- NULL
completed <- impute(lung, 6, 7)
fit <- with(completed, coxph(Surv(time, event) ~ age + sex + meal.cal + wt.loss))
smaller <- with(completed, coxph(Surv(time, event) ~ age + sex))
as_result <- function(fits) structure(fits, class = c("mitml.result", "list"))
d1 <- mitml::testModels(as_result(fit$analyses), as_result(smaller$analyses), method = "D1")$test
rules <- c(pooled(fit, TRUE), named("d1", numbers(d1)))

d <- read.csv("simulated.csv", na.strings = "")
d$y <- factor(d$y)
d$z <- factor(d$z)
many <- with(impute(d, 200, 11), coxph(Surv(time, event) ~ x + y + z + w))
cat("{", paste0('"rules": {', paste(rules, collapse = ",\n"), "},\n"),
    paste0('"simulated": {', paste(pooled(many, FALSE), collapse = ",\n"), "}\n"), "}\n",
    file = "expected.json")
