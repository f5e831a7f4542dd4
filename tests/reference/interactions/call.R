# Interactions as R codes, tests and draws them: model.matrix and coxph, step's hierarchy, rms's anova,
# contrast and nomogram, %ia% of two splines.
# Run in this folder: Rscript call.R
suppressMessages({library(rms); library(jsonlite)})
d <- read.csv(file.path("..", "survival", "data", "veteran.csv"))
d$trt <- factor(d$trt); d$celltype <- factor(d$celltype, levels = c("squamous", "smallcell", "adeno", "large"))
exact <- coxph.control(eps = 1e-14, toler.chol = 1e-15, iter.max = 50)
cox <- function(formula) {
  fit <- coxph(formula, d, control = exact)
  list(names = names(coef(fit)), coefficients = unname(coef(fit)), covariance = unname(vcov(fit)))
}
stages <- cox(Surv(time, status) ~ karno + age * celltype)
wald <- function(fit, names) {
  at <- match(names, fit$names); b <- fit$coefficients[at]
  c(sum(b * solve(fit$covariance[at, at], b)), length(at))
}
d$entry <- round(d$time * 0.3)
path <- step(coxph(Surv(time, status) ~ age + karno + diagtime + trt * prior + age:karno + age:diagtime, d, control = exact),
             direction = "backward", trace = 0)
dd <- datadist(d); options(datadist = "dd")
axis_of <- function(nom, v, set) list(values = nom[[set]][[v]], points = as.numeric(nom[[set]]$points))
axes_of <- function(nom, v, sets) lapply(setNames(sets, sets), function(s) axis_of(nom, v, s))
tests <- function(fit) { a <- anova(fit); list(rows = rownames(a), table = unname(unclass(a)[, 1:3])) }
bent <- cph(Surv(time, status) ~ rcs(age, 4) * trt + karno, data = d, x = TRUE, y = TRUE, surv = TRUE, eps = 1e-14, tol = 1e-15)
within <- lapply(levels(d$trt), function(level) {
  k <- contrast(bent, list(age = c(40, 55, 70, 78), karno = 60, trt = level), list(age = 62, karno = 60, trt = level))
  list(trt = level, contrast = k$Contrast, lower = k$Lower, upper = k$Upper)
})
nom_bent <- nomogram(bent, fun = list(function(x) x), lp = FALSE, nint = 10, vnames = "names")
levels_fit <- cph(Surv(time, status) ~ celltype * trt + karno, data = d, x = TRUE, y = TRUE, surv = TRUE, eps = 1e-14, tol = 1e-15)
nom_levels <- nomogram(levels_fit, fun = list(function(x) x), lp = FALSE, nint = 10, vnames = "names")
held <- as.numeric(signif(quantile(d$karno, c(.25, .5, .75)), 3))
numbers <- cph(Surv(time, status) ~ age * karno + trt, data = d, x = TRUE, y = TRUE, surv = TRUE, eps = 1e-14, tol = 1e-15)
nom_numbers <- nomogram(numbers, interact = list(karno = held), fun = list(function(x) x), lp = FALSE, nint = 10, vnames = "names")
both <- cph(Surv(time, status) ~ rcs(age, 4) + rcs(karno, 3) + rcs(age, 4) %ia% rcs(karno, 3), data = d, x = TRUE, y = TRUE, eps = 1e-14, tol = 1e-15)
of <- function(fit) list(names = names(coef(fit)), coefficients = unname(coef(fit)), covariance = unname(vcov(fit)))
print(names(nom_bent)); print(names(nom_levels)); print(names(nom_numbers)); print(anova(bent)); print(path$anova); print(formula(path))
out <- list(
  `_versions` = sprintf("R %s, survival %s, rms %s", getRversion(), packageVersion("survival"), packageVersion("rms")),
  stages = c(stages, list(test = wald(stages, grep(":", stages$names, value = TRUE)),
                          age = wald(stages, grep("age", stages$names, value = TRUE)))),
  late = cox(Surv(entry, time, status) ~ age * trt + karno),
  step = list(removed = sub("- ", "", path$anova$Step[-1], fixed = TRUE), kept = attr(terms(path), "term.labels"), aic = path$anova$AIC),
  bent = c(of(bent), list(tests = tests(bent), within = within,
    nomogram = axes_of(nom_bent, "age", grep("^age", names(nom_bent), value = TRUE)))),
  levels = c(of(levels_fit), list(nomogram = axes_of(nom_levels, "celltype", grep("^celltype", names(nom_levels), value = TRUE)))),
  numbers = c(of(numbers), list(held = held, nomogram = axes_of(nom_numbers, "age", grep("^age", names(nom_numbers), value = TRUE)),
    karno_tests = tests(numbers))),
  both = c(of(both), list(tests = tests(both)))
)
writeLines(toJSON(out, digits = 15, auto_unbox = TRUE), "expected.json")
