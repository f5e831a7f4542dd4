# Competing events on R's own data and on made ones: Aalen-Johansen with its variance (survival), with
# clusters, Gray's test (cmprsk::cuminc), Fine-Gray (cmprsk::crr, survival::finegray), cause-specific
# Cox models combined to absolute risks (riskRegression::CSC) and their scores (riskRegression::Score).
# Run in this folder: Rscript call.R
suppressMessages({library(survival); library(cmprsk); library(riskRegression); library(jsonlite); library(prodlim)})
m <- mgus2
m$time <- ifelse(m$pstat == 0, m$futime, m$ptime)
m$event <- ifelse(m$pstat == 0, 2 * m$death, 1)
m <- na.omit(m[, c("id", "age", "sex", "mspike", "time", "event")])[1:400, ]
m$male <- as.integer(m$sex == "M")
m$cluster <- (seq_len(nrow(m)) - 1) %/% 2
data <- m[, c("time", "event", "age", "male", "mspike", "cluster")]
write.csv(data, "mgus2.csv", row.names = FALSE, quote = FALSE)
out <- list(`_versions` = sprintf("R %s, survival %s, cmprsk %s, riskRegression %s", getRversion(),
  packageVersion("survival"), packageVersion("cmprsk"), packageVersion("riskRegression")))
times <- c(6, 12, 60, 120, 240)
data$state <- factor(data$event, 0:2, c("censor", "pcm", "death"))
pick <- function(f) { s <- summary(f, times = times, extend = TRUE)
  list(times = times, p = unname(s$pstate), se = unname(s$std.err), lower = unname(s$lower), upper = unname(s$upper)) }
out$aj <- pick(survfit(Surv(time, state) ~ 1, data))
# survfit 3.5-3 gives a curve of states one standard error for each row, whatever the cluster: its
# influences are added up here.
data$row <- seq_len(nrow(data))
f <- survfit(Surv(time, state) ~ 1, data, influence = TRUE)
at <- findInterval(times, f$time)
inside <- f$influence.pstate[, at + 1, ]  # the first is time 0
added <- apply(inside, c(2, 3), function(u) sqrt(sum(rowsum(u, data$cluster)^2)))
alone <- apply(inside, c(2, 3), function(u) sqrt(sum(u^2)))
stopifnot(all.equal(unname(alone), unname(summary(f, times = times)$std.err)))
out$aj_cluster <- list(times = times, se = unname(added))
# Late entry: who was enrolled some months after time 0.
data$entry <- ifelse(data$row %% 3 == 0, pmin(data$row %% 7 * 3, data$time - 1), 0)
out$aj_entry <- c(list(entry = data$entry), pick(survfit(Surv(entry, time, state) ~ 1, data, id = row)))
k <- summary(survfit(Surv(entry, time, event > 0) ~ 1, data), times = times)
out$km_entry <- list(surv = k$surv)
ci <- cuminc(data$time, data$event, group = data$male)
out$gray <- unname(ci$Tests)
out$cuminc <- unname(timepoints(ci, times)$est)
out$gray_untied <- unname(cuminc(data$time + data$row * 1e-4, data$event, group = data$male)$Tests)
three <- cuminc(data$time, data$event, group = cut(data$age, c(0, 65, 75, 120)))
out$gray_three <- unname(three$Tests)
strat <- cuminc(data$time, data$event, group = data$male, strata = data$age > 70)
out$gray_strata <- unname(strat$Tests)
x <- as.matrix(data[, c("age", "male", "mspike")])
f <- crr(data$time, data$event, x, failcode = 1, gtol = 1e-10, maxiter = 50)
out$crr <- list(coef = unname(f$coef), se = sqrt(diag(f$var)), inv = unname(f$invinf), loglik = f$loglik, loglik_null = f$loglik.null,
  predict = unname(predict(f, rbind(c(60, 1, 1), c(75, 0, 2)))[findInterval(times, predict(f, rbind(c(60,1,1)))[,1]), -1]))
# Without ties crr and finegray agree; with them they break ties of events and censorings otherwise.
untied <- data
untied$time <- untied$time + untied$row * 1e-4
fg <- finegray(Surv(time, state) ~ ., data = untied[, c("time", "state", "age", "male", "mspike", "cluster", "row")], etype = "pcm")
g <- coxph(Surv(fgstart, fgstop, fgstatus) ~ age + male + mspike, weight = fgwt, data = fg, ties = "breslow", eps = 1e-12, cluster = row)
gc <- coxph(Surv(fgstart, fgstop, fgstatus) ~ age + male + mspike, weight = fgwt, data = fg, ties = "breslow", eps = 1e-12, cluster = cluster)
fu <- crr(untied$time, untied$event, x, failcode = 1, gtol = 1e-10, maxiter = 50)
out$untied <- list(coef = unname(coef(g)), robust = unname(sqrt(diag(vcov(g)))), clustered = unname(sqrt(diag(vcov(gc)))), crr = unname(fu$coef))
csc <- CSC(Hist(time, event) ~ age + male + mspike, data = data, cause = 1, fitter = "coxph")
out$csc <- list(coef1 = unname(coef(csc$models[[1]])), coef2 = unname(coef(csc$models[[2]])),
  risk = unname(predictRisk(csc, newdata = data[1:25, ], times = times, cause = 1, product.limit = FALSE)),
  risk_product = unname(predictRisk(csc, newdata = data[1:25, ], times = times, cause = 1, product.limit = TRUE)))
risk <- predictRisk(csc, newdata = data, times = c(60, 120), cause = 1, product.limit = FALSE)
set.seed(3)
noise <- plogis(qlogis(pmin(pmax(risk, 1e-3), 0.99)) + rnorm(length(risk), sd = 0.4)); dim(noise) <- dim(risk)
s <- Score(list(csc = risk, noise = noise), formula = Hist(time, event) ~ 1, data = data, times = c(60, 120), cause = 1,
  metrics = c("auc", "brier"), se.fit = TRUE, conservative = TRUE, cens.model = "km", null.model = TRUE)
out$score <- list(risk = unname(risk), noise = unname(noise),
  auc = as.data.frame(s$AUC$score), brier = as.data.frame(s$Brier$score))
writeLines(toJSON(out, digits = 15, auto_unbox = TRUE), "expected.json")
