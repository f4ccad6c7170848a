# Prints the rows of a comparison. First file: "label|ours|peer|goal"; the others, one for each round: "name rate".
# The figures are medians over the rounds; the ratio is the median of the ratios within each round.

FNR == 1 { file++ }
file == 1 { rows++; label[rows] = $1; ours[rows] = $2; peer[rows] = $3; goal[rows] = $4; next }
{ split($0, part, " "); rate[part[1], file - 1] = part[2] }

function median(n,    i, j, swap) {
    for (i = 2; i <= n; i++)
        for (j = i; j > 1 && values[j] < values[j - 1]; j--) { swap = values[j]; values[j] = values[j - 1]; values[j - 1] = swap }
    return n % 2 ? values[(n + 1) / 2] : (values[n / 2] + values[n / 2 + 1]) / 2
}

function figure(name,    r) { for (r = 1; r <= rounds; r++) values[r] = rate[name, r]; return median(rounds) }

END {
    printf "%-46s %14s %14s %9s %9s %9s %7s\n", "ours / peer", "ours, 1/s", "peer, 1/s", "ratio", "lowest", "highest", "goal"
    for (row = 1; row <= rows; row++) {
        for (r = 1; r <= rounds; r++) {
            if (!rate[peer[row], r]) { print "no figure for " peer[row] " in round " r > "/dev/stderr"; exit 1 }
            values[r] = rate[ours[row], r] / rate[peer[row], r]
        }
        ratio = median(rounds); low = values[1]; high = values[rounds]
        verdict = goal[row] == "-" ? "" : (ratio >= goal[row] ? "met" : "missed")
        printf "%-46s %14.0f %14.0f %9.2f %9.2f %9.2f %7s %s\n", label[row], figure(ours[row]), figure(peer[row]), ratio, low, high, goal[row] == "-" ? "" : ">= " goal[row], verdict
    }
}
