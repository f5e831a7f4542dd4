# Late entry beyond one Cox model: glmnet's first penalty and deviance (its path over such
# data does not converge to more than two digits), score tests, the log-rank test (the score test of
# the exact likelihood), the hazard of all, restricted means by patient, Breslow's baseline with an
# offset. Data and entries as in ../late_entry/call.R. Run in this folder: Rscript call.R
suppressMessages({library(survival); library(glmnet); library(jsonlite)})
folder <- "../survival/data/"
v <- read.csv(paste0(folder, "veteran.csv"))
v$entry <- pmin((seq_len(nrow(v)) %% 7) * 10, v$time - 1)
r <- read.csv(paste0(folder, "retinopathy.csv"))
r$entry <- pmin((seq_len(nrow(r)) %% 5) * 3, r$futime / 2)
out <- list(`_versions` = sprintf("R %s, survival %s, glmnet %s", getRversion(), packageVersion("survival"), packageVersion("glmnet")))
x <- model.matrix(~ karno + diagtime + age + prior + trt + celltype, v)[, -1]
y <- Surv(v$entry, v$time, v$status)
f <- glmnet(x, y, family = "cox", nlambda = 5)
out$lambda_max <- max(f$lambda)
out$null_deviance <- f$nulldev
eta <- x %*% c(-0.03, 0, 0.01, 0, 0.3, 1, 0, 0)
out$deviance <- glmnet::coxnet.deviance(pred = eta, y = y)
for (ties in c("efron", "breslow"))
  out$score[[ties]] <- unname(sapply(colnames(x), function(k) coxph(y ~ x[, k], ties = ties)$score))
out$logrank <- coxph(y ~ celltype, v, ties = "exact")$score
b <- basehaz(coxph(y ~ 1))
k <- seq(1, nrow(b), 12)
out$hazard <- list(time = b$time[k], hazard = b$hazard[k])
out$baseline <- summary(survfit(coxph(y ~ offset(c(eta)), v, ties = "breslow")), times = c(20, 100, 300))$cumhaz
out$offset_mean <- mean(eta)
s <- survfit(Surv(entry, futime, status) ~ 1, r, id = NULL, cluster = id, influence = 1)
times <- s$time; tau <- 48
keep <- times < tau
widths <- diff(c(times[keep], tau))
inf <- s$influence.surv[, which(keep), drop = FALSE] %*% widths
out$rmean <- list(mean = unname(summary(s, rmean = tau)$table["rmean"]), se = sqrt(sum(inf^2)))
write_json(out, "expected.json", digits = NA, auto_unbox = TRUE, pretty = TRUE)
