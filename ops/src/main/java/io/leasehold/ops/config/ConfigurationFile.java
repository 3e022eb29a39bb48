package io.leasehold.ops.config;

import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigIncludeContext;
import com.typesafe.config.ConfigIncluder;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigResolveOptions;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Reads a configuration file. Stateless; reading has no effect on anything that runs. */
public final class ConfigurationFile {
    /** Where the file is unless the daemon is told otherwise. */
    public static final Path DEFAULT = Path.of("/etc/leasehold/leasehold.conf");

    /** A real file has one or two KiB; this one was given by mistake. */
    static final long SIZE_BYTES_MAX = 1 << 20;

    private ConfigurationFile() {}

    /**
     * Reads and checks a file in UTF-8. A file that cannot be read is {@link Loaded.Invalid}, too.
     */
    public static Loaded load(Path file) {
        try {
            var sizeBytes = Files.size(file);
            if (sizeBytes > SIZE_BYTES_MAX) {
                return unreadable(file, "has " + sizeBytes + " bytes, more than " + SIZE_BYTES_MAX);
            }
            return parse(Files.readString(file), file.toString());
        } catch (NoSuchFileException e) {
            return unreadable(file, "no such file");
        } catch (CharacterCodingException e) {
            return unreadable(file, "is not a text in UTF-8");
        } catch (IOException e) {
            return unreadable(file, "cannot be read: " + e.getMessage());
        }
    }

    /**
     * Checks a text.
     *
     * @param name of the file, as problems will mention it
     */
    public static Loaded parse(String text, String name) {
        var source = new Source(name, text);
        ConfigObject root;
        try {
            root =
                    ConfigFactory.parseString(
                                    text,
                                    ConfigParseOptions.defaults()
                                            .setOriginDescription(name)
                                            .setIncluder(new RefuseIncludes()))
                            // Not the environment's variables: the file must mean the same on both
                            // nodes.
                            .resolve(ConfigResolveOptions.noSystem())
                            .root();
        } catch (ConfigException e) {
            return new Loaded.Invalid(List.of(source.syntaxProblem(e)));
        }
        return new Schema(source).read(root);
    }

    private static Loaded unreadable(Path file, String message) {
        return new Loaded.Invalid(
                List.of(
                        new Problem(
                                new Place(file.toString(), 0, 0), "", message, Optional.empty())));
    }

    /**
     * One file is all that has to be the same on both nodes, and all that the checks have to see.
     */
    private static final class RefuseIncludes implements ConfigIncluder {
        @Override
        public ConfigIncluder withFallback(ConfigIncluder fallback) {
            return this;
        }

        @Override
        public ConfigObject include(ConfigIncludeContext context, String what) {
            throw new ConfigException.Generic(
                    "include \"" + what + "\": the configuration is one file, without includes");
        }
    }
}
