# Restricted means of R's own data sets, survival package: by group, their standard error, and by cluster
# from the integral of the jackknife's influence, which survfit gives. Run in this folder: Rscript call.R
library(survival)
v <- read.csv("../survival/data/veteran.csv")
r <- read.csv("../survival/data/retinopathy.csv")
f <- function(x) paste0("[", paste(format(x, digits = 15), collapse = ", "), "]")
s <- summary(survfit(Surv(time, status) ~ trt, v), rmean = 300)$table
area <- function(times, S, tau) {  # of right-continuous steps, S a matrix with one row per case
  keep <- times <= tau
  w <- diff(c(times[keep], tau))
  drop(S[, keep, drop = FALSE] %*% w)
}
inf <- function(d) {
  k <- survfit(Surv(futime, status) ~ 1, d, influence = TRUE)
  area(k$time, k$influence.surv, 60)
}
whole <- numeric(nrow(r)); per <- matrix(0, nrow(r), 2)
means <- numeric(2)
for (g in 0:1) {
  own <- r$trt == g
  per[own, g + 1] <- inf(r[own, ])
  means[g + 1] <- summary(survfit(Surv(futime, status) ~ 1, r[own, ]), rmean = 60)$table["rmean"]
}
by <- rowsum(per, r$id)
cat("{\n \"_versions\": \"", R.version.string, ", survival ", as.character(packageVersion("survival")),
    "\",\n \"veteran_means\": ", f(unname(s[, "rmean"])), ",\n \"veteran_errors\": ", f(unname(s[, "se(rmean)"])),
    ",\n \"retinopathy_means\": ", f(means), ",\n \"retinopathy_covariance\": ", f(c(crossprod(by))),
    "\n}\n", sep = "", file = "expected.json")
