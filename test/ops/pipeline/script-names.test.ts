// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are shell scripts
/** Variables that a script reads and does not set: the warnings of `liveops check`. */
import { expect, test } from "vitest";
import { unsetNames } from "../../../ops/pipeline/read/script-names.js";

const names = (script: string) => unsetNames(script).map(({ name }) => name);

test.each([
  ['[ "$targt" = prod ]', ["targt"]],
  ["echo ${a} ${#b} ${c%.*} ${d[0]} ${e/x/y}", ["a", "b", "c", "d", "e"]],
  ['x=$(echo "$a" | tr a b); echo "$x"', ["a"]],
  ["echo `echo $a`", ["a"]],
  ["case $a in x | y) echo $b ;; *) z=1 ;; esac\necho $c $z", ["a", "b", "c"]],
  ['echo "$(case $a in (x) echo $b ;; y) ;; esac)" $c', ["a", "b", "c"]],
  ["echo x # $no isn't\necho $a", ["a"]],
  ["echo $# $? $$ $! $- $@ $1 $0 a#b $a", ["a"]],
  ['ssh host "echo \\$no" "$a"', ["a"]],
  ["diff <(sort $a) >(cat >$b)", ["a", "b"]],
  ['[[ $a =~ ^(x|y)$ ]] && echo "${b,,}"', ["a", "b"]],
  ['echo "${x:-$a}" "it\'s $b"', ["a", "b"]],
])("%j reads %j", (script, expected) => {
  expect(names(script)).toEqual(expected);
});

test.each([
  "x=1; echo $x",
  "x+=1 y[1]=2 env; echo $x $y",
  "x=(a b 'c d'); echo $x ${x[@]}",
  "if true; then x=1; fi; echo $x",
  "for f in *; do echo $f; done",
  "for f; do echo $f; done",
  "for ((i = 0; i < 3; i++)); do echo $i; done",
  "select f in a b; do echo $f; done",
  'while IFS=: read -r a b; do echo "$a $b"; done < file',
  "f() { local a=$1 b; b=2; echo $a $b; }\nf 1",
  "function f { declare -a c; echo $c; }",
  "export A_b=1 c; readonly d=1; echo $A_b $c $d",
  "mapfile -t lines < x; readarray more; echo $lines $more",
  "printf -v out '%s' x; echo $out",
  "getopts ab: opt; echo $opt",
  "((n++)); let m=1; echo $n $m $((k + 1)) $k",
  "exec {fd}>file; echo $fd",
  'echo "${x:-}" ${x-a} ${y:=b} ${z:?no} ${a+set}; echo $x $y $z $a',
  "[[ -v x ]] && echo $x",
  "echo '$x' $'a\\'$x' \\$x",
  "cat <<'EOF'\n$x\nEOF",
  'cat <<"EOF" | sh\n$x\nEOF\ntrue',
  "bash -c 'echo $x'; trap 'rm $y' EXIT; awk '{ print $z }'",
  ". ./lib.sh; echo $x",
  "source lib; echo $x",
  'eval "x=1"; echo $x',
  "set +u; echo $x",
  "set +o nounset; echo $x",
  "f() { local -n ref=$1; ref=1; }; f x; echo $x",
  'f() { printf -v "$1" %s x; }; f x; echo $x',
  'for k in "${!x@}" "${y[@]}"; do :; done',
  "x=$(cat <<EOF\n)\nEOF\n); echo $x",
  "echo 'open $x",
  "cat <<EOF\n$x\nEOF",
  "run x=1 $x",
])("%.60j has no name to warn of", (script) => {
  expect(names(script)).toEqual([]);
});

test.each(["(", "$(", "a=(", "a[", '"', "\\", "$'", '"$('])(
  "a text of %j alone is read in a moment",
  (part) => {
    unsetNames(part.repeat(20_001));
  },
);
