# cv.glmnet of one split after another: ridge, elastic net at 0.5 and LASSO, at lambda.min on given folds.
suppressPackageStartupMessages({library(glmnet); library(survival)})
input <- file("stdin"); open(input)
number <- function(path, rows) matrix(readBin(path, "double", file.size(path) / 8), nrow = rows, byrow = TRUE)
while (length(task <- readLines(input, n = 1))) {
  base <- sub("\\.npz$", "", task)
  outcome <- as.matrix(read.csv(paste0(base, ".csv"), header = FALSE))
  x <- number(paste0(base, ".train.bin"), nrow(outcome))
  fresh <- number(paste0(base, ".test.bin"), scan(paste0(base, ".rows"), quiet = TRUE))
  y <- Surv(outcome[, 1], outcome[, 2])
  began <- sum(proc.time()[1:2])
  error <- c(); answers <- c()
  for (mixture in c(0, 0.5, 1)) {
    fit <- suppressWarnings(cv.glmnet(x, y, family = "cox", alpha = mixture, foldid = outcome[, 3] + 1))
    error <- c(error, min(fit$cvm))
    answers <- rbind(answers, as.numeric(predict(fit, fresh, s = "lambda.min")))
  }
  seconds <- sum(proc.time()[1:2]) - began
  shown <- function(row) paste0("[", paste(sprintf("%.9g", row), collapse = ","), "]")
  cat(sprintf('{"seconds": %.3f, "ridge": %s, "LASSO": %s, "net": %s}\n', seconds,
              shown(answers[1, ]), shown(answers[3, ]), shown(answers[which.min(error), ])))
  flush(stdout())
}
