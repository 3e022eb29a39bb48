# shellcheck shell=bash
#
# To be sourced after environment.sh. Offers
#   prepare_launch   after a build: writes what ops/bin/clusterctl and ops/bin/clusterd start from,
#                    and lets the virtual machine rehearse, so that it starts faster
#
# ops/target/launch/
#   java-home          the JDK
#   NAME.args          arguments of `java` before the main class: flags, class path, AOT cache
#   NAME.aot           classes that are loaded and linked already (JEP 483), and which methods are
#                      hot (JEP 515); may be absent
#   launch.log         what the rehearsals said
#
# A cache that is absent, damaged or older than its jars is ignored by the virtual machine: programs
# then only start slower.

LEASEHOLD_LAUNCH=$LEASEHOLD_HOME/ops/target/launch

# Small and quick to start: a command lives for a tenth of a second, so nothing is compiled well.
# -Xlog:disable, because a stale cache is reported on standard output otherwise.
LEASEHOLD_CLUSTERCTL_FLAGS=(-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData -Xmx64m
  -Xss512k -Xlog:disable)

# It must stay small and punctual; it has no use for an optimizing compiler.
LEASEHOLD_KEEPER_FLAGS=(-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData -Xms6m -Xmn3m -Xmx12m
  -Xss256k -XX:ReservedCodeCacheSize=8m -XX:MaxMetaspaceSize=32m -XX:+ExitOnOutOfMemoryError)

LEASEHOLD_CLUSTERD_FLAGS=(-XX:+UseSerialGC -XX:-UsePerfData -Xms64m -Xmx128m -Xss512k
  -XX:ReservedCodeCacheSize=64m -XX:MaxMetaspaceSize=128m -XX:+ExitOnOutOfMemoryError)

# The processor's own AES-GCM is used only by callers that the optimizing compiler has compiled: these
# methods of the JDK (decrypting in place takes the latter three). It waits for 5000 calls, which are
# 80 MiB of TLS records, so a resync was over before that, in code that takes ten times as long. Now
# it is asked for them at once, by io.leasehold.blockrep.link.RecordCipher, which waits for the first:
# a thread that works must never wait for the compiler. The start-up cache must be made with the same flags: a
# method that was only seen as a part of another one is not compiled by itself. A JDK without such a
# method ignores its lines.
LEASEHOLD_CLUSTERD_FLAGS+=(-XX:CompileCommand=quiet
  -XX:CompileCommand=BackgroundCompilation,com.sun.crypto.provider.GaloisCounterMode::implGCMCrypt,false)
for method in GaloisCounterMode::implGCMCrypt GCTR::update CounterMode::crypt GHASH::update; do
  LEASEHOLD_CLUSTERD_FLAGS+=(
    "-XX:CompileCommand=CompileThresholdScaling,com.sun.crypto.provider.$method,0.001")
done
unset method

# A few znodes and a vote.
LEASEHOLD_MEMBER_FLAGS=(-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData -Xms8m -Xmx24m -Xss256k
  -XX:ReservedCodeCacheSize=12m -XX:MaxMetaspaceSize=48m -XX:+ExitOnOutOfMemoryError)

# Joins the jars whose names begin with the arguments to a class path.
class_path() {
  local name jar path=
  for name in "$@"; do
    for jar in "$LEASEHOLD_HOME"/ops/target/"$name"-[0-9]*.jar \
      "$LEASEHOLD_HOME"/ops/target/lib/"$name"-[0-9]*.jar; do
      [[ -e $jar ]] && path=${path:+$path:}$jar
    done
  done
  printf '%s' "$path"
}

# Every jar, in an order that does not depend on the directory.
whole_class_path() {
  local jar path=
  for jar in "$LEASEHOLD_HOME"/ops/target/ops-[0-9]*.jar "$LEASEHOLD_HOME"/ops/target/lib/*.jar; do
    path=${path:+$path:}$jar
  done
  printf '%s' "$path"
}

# write_arguments NAME CLASS_PATH FLAG...: an argument file (see `man java`), replaced at once.
write_arguments() {
  local name=$1 class_path=$2
  shift 2
  local file=$LEASEHOLD_LAUNCH/$name.args
  {
    printf '%s\n' "$@"
    printf -- '-cp\n"%s"\n' "$class_path"
  } >"$file.new"
  mv "$file.new" "$file"
}

# rehearse NAME MAIN_CLASS: makes the AOT cache of a program. Best effort: it may fail for reasons
# that are none of ours, and then the program is merely slower.
rehearse() {
  local name=$1 main=$2
  local cache=$LEASEHOLD_LAUNCH/$name.aot
  rm -f "$cache"
  # What it mounts is nobody else's business, and goes with it.
  local -a alone=()
  unshare --mount true 2>>"$LEASEHOLD_LAUNCH/launch.log" && alone=(unshare --mount)
  if timeout 120 "${alone[@]}" "$LEASEHOLD_JAVA_HOME/bin/java" "@$LEASEHOLD_LAUNCH/$name.args" \
    "-XX:AOTCacheOutput=$cache.new" "$main" >>"$LEASEHOLD_LAUNCH/launch.log" 2>&1 </dev/null &&
    [[ -s $cache.new ]]; then
    mv "$cache.new" "$cache"
    printf -- '-XX:AOTCache="%s"\n' "$cache" >>"$LEASEHOLD_LAUNCH/$name.args"
  else
    say "no start-up cache for $name, it will start slower (see ops/target/launch/launch.log)"
    rm -f "$cache.new" "$cache.new.config"
  fi
}

prepare_launch() {
  local -a jvm_flags
  read -ra jvm_flags < <(jvm_flags)
  mkdir -p "$LEASEHOLD_LAUNCH"
  : >"$LEASEHOLD_LAUNCH/launch.log"
  write_arguments clusterctl "$(class_path ops heartbeat picocli jackson-core config)" \
    "${LEASEHOLD_CLUSTERCTL_FLAGS[@]}"
  write_arguments keeper "$(class_path heartbeat)" "${jvm_flags[@]}" "${LEASEHOLD_KEEPER_FLAGS[@]}"
  write_arguments clusterd "$(whole_class_path)" "${jvm_flags[@]}" "${LEASEHOLD_CLUSTERD_FLAGS[@]}"
  write_arguments member "$(whole_class_path)" "${jvm_flags[@]}" "${LEASEHOLD_MEMBER_FLAGS[@]}"
  rehearse clusterctl io.leasehold.ops.cli.Rehearsal
  rehearse clusterd io.leasehold.ops.node.Rehearsal
  # Last: its presence says that all the others are there.
  printf '%s\n' "$LEASEHOLD_JAVA_HOME" >"$LEASEHOLD_LAUNCH/java-home"
}
