# Hazards that are not proportional, on survival::veteran (its Karnofsky score wears off): a stratified
# model, and coefficients that change at a time or with its logarithm, by coxph(tt = ). Patients are
# made clusters of two, for the sandwich. Run in this folder: Rscript call.R
suppressMessages({library(survival); library(jsonlite)})
v <- veteran
v$cell <- as.integer(v$celltype)
v$cluster <- (seq_len(nrow(v)) - 1) %/% 2
d <- v[, c("time", "status", "karno", "age", "cell", "cluster")]
write.csv(d, "veteran.csv", row.names = FALSE, quote = FALSE)
control <- coxph.control(eps = 1e-12, iter.max = 50)
pick <- function(f) list(coef = unname(coef(f)), covariance = unname(vcov(f)), naive = unname(if (is.null(f$naive.var)) vcov(f) else f$naive.var), loglik = f$loglik)
out <- list(`_versions` = sprintf("R %s, survival %s", getRversion(), packageVersion("survival")))
out$stratified <- pick(coxph(Surv(time, status) ~ karno + age + strata(cell), d, control = control))
out$step <- pick(coxph(Surv(time, status) ~ karno + age + tt(karno), d, tt = function(x, t, ...) x * (t > 90), control = control))
out$log_time <- pick(coxph(Surv(time, status) ~ karno + age + tt(karno), d, tt = function(x, t, ...) x * log(t), control = control))
# The sandwich by cluster, on the same rows written out: tt() and cluster do not go together in 3.5.
s <- survSplit(Surv(time, status) ~ ., d, cut = sort(unique(d$time[d$status == 1])), episode = "k")
s$late <- s$karno * (s$time > 90); s$logged <- s$karno * log(s$time)
out$step_cluster <- pick(coxph(Surv(tstart, time, status) ~ karno + age + late, s, cluster = cluster, control = control))
out$log_time_cluster <- pick(coxph(Surv(tstart, time, status) ~ karno + age + logged, s, cluster = cluster, control = control))
write_json(out, "expected.json", digits = NA, auto_unbox = TRUE, pretty = TRUE)
