# Late entry on R's own data: Kaplan-Meier's curve, Cox's model and Harrell's concordance of
# Surv(entry, time, event), survival package. Entries are made from the row's number, so that some
# fall on times of events. Run in this folder: Rscript call.R
suppressMessages({library(survival); library(jsonlite)})
folder <- "../survival/data/"
v <- read.csv(paste0(folder, "veteran.csv"))
v$entry <- pmin((seq_len(nrow(v)) %% 7) * 10, v$time - 1)
v$w <- 1 + seq_len(nrow(v)) %% 3 / 2
v$row <- seq_len(nrow(v))
r <- read.csv(paste0(folder, "retinopathy.csv"))
r$entry <- pmin((seq_len(nrow(r)) %% 5) * 3, r$futime / 2)
out <- list(`_versions` = sprintf("R %s, survival %s", getRversion(), packageVersion("survival")))
every <- function(x, k = 6) x[seq(1, length(x), k)]  # what is long is frozen in part
curve <- function(f) list(n = length(f$time), time = every(f$time), n_risk = every(f$n.risk),
  surv = every(f$surv), se = every(if (f$logse) f$std.err * f$surv else f$std.err), lower = every(f$lower), upper = every(f$upper))
for (scale in c("log", "log-log", "plain", "arcsin"))
  out$km[[scale]] <- curve(survfit(Surv(entry, time, status) ~ 1, v, conf.type = scale))
out$km_weights <- curve(survfit(Surv(entry, time, status) ~ 1, v, weights = w, robust = FALSE))
out$km_cluster <- curve(survfit(Surv(entry, futime, status) ~ 1, r, cluster = id))
median <- quantile(survfit(Surv(entry, time, status) ~ 1, v), 0.5)
out$km_median <- unname(c(median$quantile, median$lower, median$upper))
out$km_rmean <- unname(summary(survfit(Surv(entry, time, status) ~ 1, v), rmean = 365)$table[5:6])
new_v <- data.frame(karno = c(40, 80), age = c(50, 65), celltype = c("squamous", "adeno"))
model <- function(f, new, times) {
  b <- basehaz(f, centered = FALSE)
  s <- summary(survfit(f, newdata = new), times = times)
  out <- list(coef = unname(coef(f)), vcov = unname(vcov(f)), loglik = f$loglik,
    score = f$score, rscore = f$rscore, concordance = unname(f$concordance[c("concordance", "std")]),
    martingale = every(unname(residuals(f, "martingale"))),
    dfbeta = unname(residuals(f, "dfbeta", weighted = FALSE))[seq(1, f$n, 6), ],
    hazard_time = every(b$time), hazard = every(b$hazard))
  if (is.null(b$strata)) out <- c(out, list(surv = unname(s$surv), se = unname(s$std.err), lower = unname(s$lower), upper = unname(s$upper)))
  out
}
control <- coxph.control(eps = 1e-14, iter.max = 40, toler.chol = 1e-15)
for (ties in c("efron", "breslow")) {
  f <- coxph(Surv(entry, time, status) ~ karno + age, v, ties = ties, control = control, x = TRUE)
  out$cox[[ties]] <- model(f, new_v, c(10, 50, 100, 200, 500))
  f <- coxph(Surv(entry, futime, status) ~ trt + risk + age, r, ties = ties, cluster = id, control = control)
  out$cox_cluster[[ties]] <- model(f, data.frame(trt = 0:1, risk = c(8, 11), age = c(10, 40)), c(1, 6, 13.83, 38, 60))
  f <- coxph(Surv(entry, time, status) ~ karno + age + strata(celltype), v, ties = ties, weights = w, cluster = row, control = control)
  out$cox_strata[[ties]] <- model(f, new_v, 100)
}
f <- coxph(Surv(entry, time, status) ~ karno + age, v, control = control)
for (g in c("identity", "km", "rank")) out$zph[[g]] <- unname(cox.zph(f, transform = g)$table[, "chisq"])
pick <- function(k) list(concordance = unname(k$concordance), var = unname(k$var), count = unname(k$count))
out$concordance$plain <- pick(concordance(Surv(entry, time, status) ~ karno, v))
out$concordance$weights <- pick(concordance(Surv(entry, time, status) ~ karno, v, weights = w))
out$concordance$ymax <- pick(concordance(Surv(entry, time, status) ~ karno, v, ymax = 120))
out$concordance$strata <- pick(concordance(Surv(entry, time, status) ~ karno + strata(celltype), v, keepstrata = FALSE))
out$concordance$cluster <- pick(concordance(Surv(entry, futime, status) ~ risk, r, cluster = id, reverse = TRUE))
write_json(out, "expected.json", digits = I(15), auto_unbox = TRUE, na = "null")
