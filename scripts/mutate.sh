#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Puts one fault at a time into a copy of the sources and asks whether the test that is named for it
# fails. A fault that no test notices, or whose line is gone, is an error: exit status 1.
# Usage: mutate.sh [--jobs N] [--compiler CXX] [--level -O1] [--chosen] [--list] [REGEX]
#   REGEX     only mutations whose name it matches
#   --chosen  only those that scripts/mutations.txt marks with a star (for other compilers, levels)
#   --list    names only
# The mutations are in scripts/mutations.txt. Each test is compiled alone, for OpenMP.
#   CCCL      folder of CCCL's headers, if it is not found
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
jobs=1 compiler=g++ level=-O1 chosen=0 list=0 regex=.
while (($# > 0)); do
  case $1 in
    --jobs) jobs=$2; shift ;;
    --compiler) compiler=$2; shift ;;
    --level) level=$2; shift ;;
    --chosen) chosen=1 ;;
    --list) list=1 ;;
    *) regex=$1 ;;
  esac
  shift
done

find_cccl() {
  local folder
  for folder in "${CCCL:-}" /usr/local/cuda/include/cccl /usr/local/cuda/include \
    "$root"/build/*/_deps/*/nvidia/*/include/cccl; do
    if [[ -n $folder && -e $folder/thrust/version.h ]]; then
      printf '%s\n' "$folder"
      return
    fi
  done
  echo "mutate.sh: no thrust/version.h; name its folder with CCCL=" >&2
  return 1
}

names=() stars=() files=() tests=() filters=() befores=() afters=()
read_mutations() {
  local line name='' star=0 test='' filter='' file='' before='' after=''
  while IFS= read -r line || [[ -n $line ]]; do
    case $line in
      '#'*) ;;
      'test '*) read -r _ test filter <<<"$line" ;;
      'in '*) file=${line#in } ;;
      '- '*) before+=${before:+$'\n'}${line#- } ;;
      '+ '*) after+=${after:+$'\n'}${line#+ } ;;
      +) ;; # nothing is put there
      '')
        if [[ -n $name ]]; then
          names+=("$name") stars+=("$star") files+=("$file") tests+=("$test") filters+=("$filter")
          befores+=("$before") afters+=("$after")
        fi
        name='' before='' after=''
        ;;
      *) star=0; [[ $line == '* '* ]] && star=1; name=${line#'* '} ;;
    esac
  done < <(cat "$root/scripts/mutations.txt"; echo)
}

flags_of() {  # of a test source
  local folder=${1#tests/} extra=''
  folder=${folder%/*}
  [[ $folder == examples/* && -d $root/$folder ]] && extra="-I$2/$folder"
  printf '%s\n' "-I$2/include -I$2/tests -I$2/examples $extra"
}

# Of a test source: folders of the example programs' libraries that it is linked to.
kit_of() {
  case $1 in
    tests/examples/face_kit/*) echo face_kit ;;
    tests/examples/train_student/*) echo face_kit train_student ;;
  esac
}

libraries_of() {  # of a test source, in a folder
  local kit
  for kit in $(kit_of "$1"); do printf '%s\n' "$2/kit/$kit"/*.o; done
  [[ -z $(kit_of "$1") ]] || printf '%s\n' -ljpeg -lpng -lxxhash
}

# build_kit FOLDER KIT: as objects in the folder's kit/; compiles what is older than something it
# includes.
build_kit() (
  cd "$1"
  mkdir -p "kit/$2"
  for source in $(find "examples/$2" -name '*.cpp' ! -name main.cpp); do
    object=kit/$2/$(basename "$source" .cpp).o stale=0
    [[ -e $object ]] || stale=1
    if ((stale == 0)); then
      for file in $(sed -e 's/^[^:]*://' -e 's/\\$//' "$object.d"); do
        [[ $file -nt $object ]] && stale=1
      done
    fi
    if ((stale == 1)); then
      # shellcheck disable=SC2086
      "$compiler" $flags -Iinclude -Iexamples -MMD -MF "$object.d" -c "$source" -o "$object"
    fi
  done
)

# Of a folder a test source with a filter, into an output: 0 passed, 1 failed, 2 did not compile, 124
# did not end.
build_and_run() {
  local folder=$1 test=$2 filter=$3 out=$4 code=0 kit
  for kit in $(kit_of "$test"); do build_kit "$folder" "$kit" >"$out.log" 2>&1 || return 2; done
  # shellcheck disable=SC2046,SC2086
  "$compiler" $flags $(flags_of "$test" "$folder") -c "$folder/$test" -o "$out.o" >"$out.log" 2>&1 &&
    "$compiler" -fopenmp "$out.o" -o "$out" -lgtest -lgtest_main -lpthread \
      $(libraries_of "$test" "$folder") >>"$out.log" 2>&1 || return 2
  (cd "$folder" && OMP_WAIT_POLICY=passive timeout 300 "$out" --gtest_filter="$filter") \
    >>"$out.log" 2>&1 || code=$?
  ((code == 0 || code == 124)) || code=1
  return "$code"
}

# A test that fails anyway, or that the filter does not name, shows nothing.
check_whole_tests() {  # indices
  local i k=0 test filters_of out=$work/whole count
  for test in $(for i in "$@"; do printf '%s\n' "${tests[i]}"; done | sort -u); do
    ((k++ % jobs == ${JOB:-0})) || continue
    filters_of=$(for i in "$@"; do
      if [[ ${tests[i]} == "$test" ]]; then printf '%s\n' "${filters[i]}"; fi
    done | sort -u)
    if ! build_and_run "$work/sources" "$test" "${filters_of//$'\n'/:}" "$out$JOB"; then
      printf '%s\n' "$test fails without a mutation: $(tail -n 3 "$out$JOB.log" | tr '\n' ' ')" \
        >>"$work/broken"
      continue
    fi
    while IFS= read -r i; do
      count=$("$out$JOB" --gtest_filter="$i" 2>&1 | sed -n 's/^\[  PASSED  \] \([0-9]*\) .*/\1/p')
      ((count > 0)) || printf '%s\n' "$test: no test $i" >>"$work/broken"
    done <<<"$filters_of"
  done
}

mutate() {  # index, folder of the copy, result file
  local i=$1 copy=$2 text before=${befores[$1]} rest verdict code=0
  if [[ ! -e $work/sources/${files[i]} ]]; then
    printf 'did not apply\t%s\t%s: no such file\n' "${names[i]}" "${files[i]}" >>"$3"
    return
  fi
  text=$(<"$work/sources/${files[i]}")
  rest=${text//"$before"/}
  if ((${#text} - ${#rest} != ${#before})); then
    verdict="$(((${#text} - ${#rest}) / ${#before})) times in ${files[i]}"
    printf 'did not apply\t%s\t%s\n' "${names[i]}" "$verdict" >>"$3"
    return
  fi
  printf '%s\n' "${text/"$before"/"${afters[i]}"}" >"$copy/${files[i]}"
  build_and_run "$copy" "${tests[i]}" "${filters[i]}" "$copy/mutant" || code=$?
  case $code in
    0) verdict=survived ;;
    1) verdict=killed ;;
    124) verdict='killed by time' ;;
    *) verdict='did not compile'; cp "$copy/mutant.log" "$work/${names[i]//\//.}.log" ;;
  esac
  cp "$work/sources/${files[i]}" "$copy/${files[i]}"
  printf '%s\t%s\t%s %s\n' "$verdict" "${names[i]}" "${tests[i]}" "${filters[i]}" >>"$3"
  printf '%-16s%s\n' "$verdict" "${names[i]}" >&2
}

read_mutations
indices=()
for i in "${!names[@]}"; do
  [[ ${names[i]} =~ $regex ]] || continue
  ((chosen == 0 || stars[i] == 1)) && indices+=("$i")
done
if ((list == 1)); then
  for i in "${indices[@]}"; do printf '%s\n' "${names[i]}"; done
  exit
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cccl=$(find_cccl)
flags="-std=c++17 $level -march=native -fopenmp -w -DTHRUST_HOST_SYSTEM=THRUST_HOST_SYSTEM_CPP"
flags+=" -DTHRUST_DEVICE_SYSTEM=THRUST_DEVICE_SYSTEM_OMP -isystem $cccl -isystem /usr/include/eigen3"
# What no mutation touches is parsed once.
printf '#include <%s>\n' gtest/gtest.h thrust/execution_policy.h algorithm cmath fstream functional \
  map random set sstream string vector >"$work/third_party.hpp"
# shellcheck disable=SC2086
"$compiler" $flags -x c++-header "$work/third_party.hpp" -o "$work/third_party.hpp.gch"
flags+=" -include $work/third_party.hpp"
[[ $("$compiler" --version) == *clang* ]] &&
  flags=${flags/-include*/-include-pch $work/third_party.hpp.gch}

mkdir "$work/sources"  # as they are now: somebody may go on working on them
cp -r "$root"/{include,tests,examples} "$work/sources"
kits=$(for i in "${indices[@]}"; do kit_of "${tests[i]}"; done)
for kit in $(tr ' ' '\n' <<<"$kits" | sort -u); do build_kit "$work/sources" "$kit"; done
for ((JOB = 0; JOB < jobs; ++JOB)); do
  cp -a "$work/sources" "$work/$JOB"  # with the times by which build_kit knows what is stale
  (
    check_whole_tests "${indices[@]}"
    for k in "${!indices[@]}"; do
      if ((k % jobs == JOB)); then mutate "${indices[k]}" "$work/$JOB" "$work/results$JOB"; fi
    done
  ) &
done
wait

echo
cat "$work"/results* 2>/dev/null | sort -t $'\t' -k2 >"$work/all" || true
# By area: the part of the name before the slash.
awk -F '\t' '{ split($2, part, "/"); all[part[1]]++; if ($1 ~ /^killed/) killed[part[1]]++ }
  END { for (a in all) printf "%-12s %3d of %3d killed\n", a, killed[a], all[a] }' "$work/all" | sort
grep -v -P '^killed\t' "$work/all" || true
if [[ -s $work/broken ]]; then
  sort -u "$work/broken"
fi
for log in "$work"/*.*.log; do
  [[ -e $log ]] && { echo "-- $(basename "$log" .log)"; grep -m 3 error "$log" || true; }
done
killed=$(grep -c '^killed' "$work/all" || true)
echo "mutate.sh: $killed of ${#indices[@]} killed by $compiler $level in $SECONDS s"
[[ $killed == "${#indices[@]}" && ! -s $work/broken ]]
