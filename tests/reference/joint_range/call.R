# Rscript call.R > expected.csv: two numbers and two groups of 40 cases, and each case's distance.
set.seed(7)
n <- 40
stage <- factor(sample(c("I", "II", "III"), n, replace = TRUE, prob = c(0.6, 0.3, 0.1)))
female <- rbinom(n, 1, 0.4)
age <- round(50 + 6 * (stage == "III") + rnorm(n, 0, 9), 2)
angle <- round(200 + 1.5 * (age - 50) + 20 * female + rnorm(n, 0, 15), 2)
numbers <- cbind(age, angle)
left <- residuals(lm(numbers ~ stage + female))
given <- sqrt(mahalanobis(left, c(0, 0), crossprod(left) / (n - 4)))
plain <- sqrt(mahalanobis(numbers, colMeans(numbers), cov(numbers)))
out <- data.frame(stage, female, age, angle, given, plain)
write.csv(format(out, digits = 15), row.names = FALSE, quote = FALSE)
