# Restricted cubic splines as rms has them: Harrell's knots (Hmisc::rcspline.eval), the columns, a Cox
# model, the test of non-linearity, the partial effect with its interval, and the nomogram.
# Run in this folder: Rscript call.R
suppressMessages({library(rms); library(jsonlite)})
data_of <- function(name) read.csv(file.path("..", "survival", "data", paste0(name, ".csv")))
knots <- list()
add_knots <- function(name, x) for (k in 3:7) {
  knots[[length(knots) + 1]] <<- list(data = name, values = x, k = k,
    knots = as.numeric(attr(rcspline.eval(x, nk = k), "knots")))
}
veteran <- data_of("veteran"); gbsg <- data_of("gbsg"); lung <- data_of("lung")
set.seed(1)
add_knots("veteran age", veteran$age)
add_knots("veteran 60 first, age", veteran$age[1:60])
add_knots("gbsg nodes", gbsg$nodes)
add_knots("karno", veteran$karno)
d <- veteran; d$trt <- factor(d$trt)
dd <- datadist(d); options(datadist = "dd")
fit <- cph(Surv(time, status) ~ rcs(age, 4) + rcs(karno, 3) + trt, data = d, x = TRUE, y = TRUE, surv = TRUE, eps = 1e-12)
test <- anova(fit)
at <- c(40, 55, 62, 70, 78)
effect <- Predict(fit, age = at, karno = 60, trt = "1", ref.zero = TRUE)
ref <- 62
k <- contrast(fit, list(age = at, karno = 60, trt = "1"), list(age = ref, karno = 60, trt = "1"))
nom <- nomogram(fit, fun = list(function(x) x), lp = FALSE, nint = 10)
axis <- function(v) list(values = as.numeric(nom[[v]][[v]]), points = as.numeric(nom[[v]]$points))
out <- list(
  `_versions` = sprintf("R %s, rms %s, Hmisc %s", getRversion(), packageVersion("rms"), packageVersion("Hmisc")),
  knots = knots,
  basis = list(values = veteran$age, knots = as.numeric(fit$Design$parms$age),
               columns = unname(rcspline.eval(veteran$age, knots = as.numeric(fit$Design$parms$age)))),
  coefficients = unname(coef(fit)), covariance = unname(vcov(fit)),
  knots_karno = as.numeric(fit$Design$parms$karno),
  nonlinear = list(age = unname(test[" Nonlinear", ][1:3]), rows = rownames(test), table = unname(unclass(test)[, 1:3])),
  effect = list(at = at, reference = ref, contrast = k$Contrast, lower = k$Lower, upper = k$Upper),
  nomogram = list(age = axis("age"), karno = axis("karno"))
)
writeLines(toJSON(out, digits = 15, auto_unbox = TRUE), "expected.json")
str(nom[["age"]])
