package io.leasehold.itests;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.conditions.ArchConditions.callConstructor;
import static com.tngtech.archunit.lang.conditions.ArchConditions.callMethodWhere;
import static com.tngtech.archunit.lang.conditions.ArchConditions.dependOnClassesThat;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaCall;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

/** Keeps the shape of the whole: which module knows which, and which packages are pure. */
@AnalyzeClasses(
        packages = "io.leasehold",
        importOptions = {
            ImportOption.DoNotIncludeTests.class,
            ArchitectureTest.DoNotIncludeTestJars.class
        })
class ArchitectureTest {

    /**
     * The packages that decide: state machines which are given the time and hand back effects. The
     * same classes run in production and in the simulator, which is only possible while they touch
     * no clock, thread, file or socket.
     */
    private static final String[] PURE_PACKAGES = {
        "io.leasehold.blockrep.replication..",
        "io.leasehold.blockrep.session..",
        "io.leasehold.heartbeat.record..",
        "io.leasehold.heartbeat.membership..",
        "io.leasehold.heartbeat.fencing..",
        "io.leasehold.heartbeat.resource..",
        "io.leasehold.heartbeat.lease..",
        "io.leasehold.heartbeat.controller..",
    };

    @ArchTest static final ArchRule decidingPackagesArePure = purityOf(PURE_PACKAGES);

    @ArchTest
    static final ArchRule blockrepKnowsNoOtherModule =
            noClasses()
                    .that()
                    .resideInAPackage("io.leasehold.blockrep..")
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(
                            "io.leasehold.heartbeat..",
                            "io.leasehold.dhcp..",
                            "io.leasehold.ops..",
                            "io.leasehold.itests..");

    @ArchTest
    static final ArchRule heartbeatKnowsNoOtherModule =
            noClasses()
                    .that()
                    .resideInAPackage("io.leasehold.heartbeat..")
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(
                            "io.leasehold.blockrep..",
                            "io.leasehold.dhcp..",
                            "io.leasehold.ops..",
                            "io.leasehold.itests..");

    @ArchTest
    static final ArchRule packagesAreFreeOfCycles =
            slices().matching("io.leasehold.(**)").should().beFreeOfCycles().allowEmptyShould(true);

    @ArchTest
    static final ArchRule noPackageIsADrawer =
            noClasses()
                    .should()
                    .resideInAnyPackage("..util..", "..utils..", "..common..")
                    .because("a name that fits everything hides what belongs together");

    @ArchTest
    static final ArchRule everyPackageIsNullMarked =
            classes()
                    .should(
                            ArchCondition.from(
                                    describe(
                                            "be in a package that is @NullMarked",
                                            (JavaClass type) ->
                                                    type.getPackage()
                                                            .isAnnotatedWith(NullMarked.class))));

    /** A rule that lets everything pass would look just like a rule that everybody keeps. */
    @Test
    void shouldRefuseAClockInAPurePackage() {
        var impure = new ClassFileImporter().importClasses(ReadsTheClock.class);

        var result = purityOf("io.leasehold.itests").evaluate(impure);

        assertThat(result.getFailureReport().getDetails())
                .singleElement()
                .asString()
                .contains("System.nanoTime()");
    }

    /** Forbids the named packages everything whose answer is not determined by its arguments. */
    static ArchRule purityOf(String... packages) {
        return noClasses()
                .that()
                .resideInAnyPackage(packages)
                .should(
                        dependOnClassesThat(
                                        JavaClass.Predicates.resideInAnyPackage(
                                                "java.net..",
                                                "java.io..",
                                                "java.nio.channels..",
                                                "java.nio.file..",
                                                "java.util.concurrent.."))
                                .or(
                                        dependOnClassesThat(
                                                JavaClass.Predicates.assignableTo(Thread.class)))
                                .or(callMethodWhere(readsClockOrEnvironment()))
                                .or(callConstructor(Random.class)))
                .because("a decision is a function of state, time and event")
                .allowEmptyShould(true);
    }

    private static DescribedPredicate<JavaCall<?>> readsClockOrEnvironment() {
        var methods =
                Set.of(
                        "java.lang.System.nanoTime",
                        "java.lang.System.currentTimeMillis",
                        "java.lang.System.getenv",
                        "java.lang.System.getProperty",
                        "java.lang.Math.random",
                        "java.util.UUID.randomUUID",
                        "java.util.random.RandomGenerator.getDefault");
        return describe(
                "the target reads the clock, the environment or a source of randomness",
                call -> {
                    var owner = call.getTargetOwner().getName();
                    var name = call.getTarget().getName();
                    return methods.contains(owner + "." + name)
                            || (owner.startsWith("java.time.") && name.equals("now"))
                            || (owner.equals("java.time.Clock") && name.startsWith("system"));
                });
    }

    /** {@link ImportOption.DoNotIncludeTests} recognizes directories, but not test jars. */
    static final class DoNotIncludeTestJars implements ImportOption {
        @Override
        public boolean includes(Location location) {
            return !location.contains("-tests.jar");
        }
    }

    private static final class ReadsTheClock {
        @SuppressWarnings("unused")
        long read() {
            return System.nanoTime();
        }
    }
}
