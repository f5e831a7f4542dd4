# Writes hare.json: polspline's hazard regression on the data sets of tests/reference/survival.
# Rscript make_hare.R ../survival/data > hare.json
suppressPackageStartupMessages({library(polspline); library(jsonlite)})
folder <- commandArgs(TRUE)[1]
rd <- function(name) read.csv(file.path(folder, name))
cloglog <- function(risk) log(-log(1 - risk))
knots_of <- function(fit, axis) { row <- fit$knots[axis, ]; I(as.numeric(row[-1][seq_len(row[1])])) }
cases <- list()
add <- function(name, file, time, event, x, x_name, horizons, ...) {
  keep <- is.finite(time) & is.finite(x) & !is.na(event)
  time <- time[keep]; event <- as.integer(event[keep]); x <- as.numeric(x[keep])
  fit <- hare(time, event, x, ...)
  at <- as.numeric(quantile(x, seq(0, 1, length.out = 9)))
  f <- fit$fcts
  cases[[name]] <<- list(
    file = file, x = x_name, arguments = list(...), basis = f[, 1:4, drop = FALSE],
    coefficient = I(f[, 5]), time_knots = knots_of(fit, 1), covariate_knots = knots_of(fit, 2),
    log_likelihood = I(fit$logl[, 1]), horizons = I(horizons), at = I(at),
    event_free = t(sapply(horizons, function(u) 1 - phare(u, at, fit))))
}
hip <- rd("hips212.csv"); risk <- rd("hips_risks.csv")
for (r in c("A36", "B36", "A60", "B60")) for (m in c(5, 10))
  add(paste0("hips_", r, "_maxdim", m), "hips212", hip$time, hip$event, cloglog(risk[[r]]), paste0("cloglog(hips_risks$", r, ")"), c(12, 36, 60, 200), maxdim = m)
for (v in c("f01", "f02", "f03", "age", "bmi")) for (m in 1:6)
  add(paste0("hips_", v, "_maxdim", m), "hips212", hip$time, hip$event, hip[[v]], v, c(0.5, 36, 60), maxdim = m)
veteran <- rd("veteran.csv")
for (v in c("karno", "age", "diagtime")) for (m in c(3, 5, 8))
  add(paste0("veteran_", v, "_maxdim", m), "veteran", veteran$time, veteran$status, veteran[[v]], v, c(10, 90, 365, 2000), maxdim = m)
lung <- rd("lung.csv")
for (v in c("age", "wt.loss", "meal.cal")) for (m in c(5, 9))
  add(paste0("lung_", v, "_maxdim", m), "lung", lung$time, lung$status, lung[[v]], v, c(100, 365, 700), maxdim = m)
ovarian <- rd("ovarian.csv")
for (m in c(2, 5)) add(paste0("ovarian_age_maxdim", m), "ovarian", ovarian$futime, ovarian$fustat, ovarian$age, "age", c(100, 400), maxdim = m)
pbc <- rd("pbc276.csv")
for (v in c("bili", "albumin", "age", "protime")) for (m in c(5, 12))
  add(paste0("pbc_", v, "_maxdim", m), "pbc276", pbc$time, pbc$death, pbc[[v]], v, c(365, 1825, 3000), maxdim = m)
gbsg <- rd("gbsg.csv")
for (v in c("age", "nodes", "pgr")) for (m in c(5, 12))
  add(paste0("gbsg_", v, "_maxdim", m), "gbsg", gbsg$rfstime, gbsg$status, gbsg[[v]], v, c(365, 1095, 2000), maxdim = m)
retinopathy <- rd("retinopathy.csv")
for (v in c("age", "risk")) add(paste0("retinopathy_", v), "retinopathy", retinopathy$futime, retinopathy$status, retinopathy[[v]], v, c(6, 36, 60), maxdim = 5)
rotterdam <- rd("rotterdam.csv")
for (v in c("age", "nodes", "pgr")) for (m in c(5, 10))
  add(paste0("rotterdam_", v, "_maxdim", m), "rotterdam", rotterdam$dtime, rotterdam$death, rotterdam[[v]], v, c(365, 1825, 3650), maxdim = m)
for (v in c("nodes", "age")) add(paste0("rotterdam_", v, "_default"), "rotterdam", rotterdam$dtime, rotterdam$death, rotterdam[[v]], v, c(365, 1825, 3650))
add("rotterdam_nodes_penalty2", "rotterdam", rotterdam$dtime, rotterdam$death, rotterdam$nodes, "nodes", c(365, 1825), maxdim = 8, penalty = 2)
cat(toJSON(list(`_versions` = list(R = R.version.string, polspline = as.character(packageVersion("polspline"))), cases = cases), digits = I(17), auto_unbox = TRUE, na = "null"))
