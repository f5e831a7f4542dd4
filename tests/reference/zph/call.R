# The smooth of plot.cox.zph (survival 3.5-3), whose own function draws it and returns nothing:
# a natural spline of 4 parameters over 40 points and the transformed times of the events, by least
# squares, with its pointwise standard error. Run in this folder: Rscript call.R
library(survival)
library(splines)
data_of <- function(name) read.csv(file.path("..", "survival", "data", paste0(name, ".csv")))
lung <- na.omit(data_of("lung")[, c("time", "status", "age", "sex", "ph.ecog")])
fits <- list(
  veteran = coxph(Surv(time, status) ~ trt + karno + age, data_of("veteran"), ties = "efron"),
  lung = coxph(Surv(time, status) ~ age + sex + ph.ecog, lung, ties = "efron")
)
number <- function(x) paste0("[", paste(formatC(x, digits = 15, format = "g", width = 1), collapse = ", "), "]")
smooth_of <- function(z, j) {
  at <- seq(min(z$x), max(z$x), length.out = 40)
  basis <- ns(c(at, z$x), df = 4, intercept = TRUE)
  here <- basis[1:40, ]
  there <- basis[-(1:40), ]
  value <- here %*% solve(crossprod(there), crossprod(there, z$y[, j]))
  error <- sqrt(z$var[j, j] * rowSums((here %*% solve(crossprod(there))) * here))
  sprintf('"%s": {"at": %s,\n   "value": %s,\n   "error": %s}', colnames(z$y)[j], number(at), number(value), number(error))
}
text <- sapply(names(fits), function(name) {
  z <- cox.zph(fits[[name]], transform = "km", terms = FALSE)
  cat(name, diag(z$var) / diag(vcov(fits[[name]])), fits[[name]]$nevent, "\n")
  sprintf('"%s": {%s}', name, paste(sapply(seq_len(ncol(z$y)), function(j) smooth_of(z, j)), collapse = ",\n  "))
})
versions <- sprintf('"_versions": "R %s, survival %s"', getRversion(), packageVersion("survival"))
writeLines(paste0("{", paste(c(versions, text), collapse = ",\n "), "}"), "expected.json")
